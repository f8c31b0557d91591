/**
 * The prediction over the slide.
 *
 * Greyscale tiles are fetched once and coloured here: threshold and mode are a uniform and a table,
 * opacity is CSS, and none of them asks the service for anything.
 */
import type { Box, Point } from "../../model/box";
import { planDrawing } from "../../model/drawPlan";
import { type Projection, viewBox } from "../../model/projection";
import { ancestors, type TileAddress, tilesIn, zoomForScale } from "../../model/pyramid";
import { TileBook } from "../../model/tileBook";
import { resizeCanvas } from "../canvasSize";
import { createRenderer } from "./createRenderer";
import { type GreyTile, probabilityAt } from "./greyTile";
import { placeTile } from "./placement";
import type { OverlayRenderer, OverlayStyle, Quad } from "./renderer";
import type { OverlayScene } from "./scene";
import { type FetchTile, TileLoader } from "./tileLoader";

/** 64 MB of single bytes are a thousand tiles of 256², many times what a screen shows. */
const CACHE_BYTES = 64 * 2 ** 20;
/** A coarse tile is touched by every event; twice a second is often enough to watch it grow. */
const REFRESH_EVERY_MS = 500;

const NO_STYLE: OverlayStyle = { mode: "class", colours: [], threshold: 1 };

export interface OverlayEvents {
  readonly fetchTile: (run: string) => FetchTile;
  readonly onFailed: (error: unknown) => void;
}

export class OverlayLayer {
  readonly canvas = document.createElement("canvas");
  /** Made when there is something to draw: a WebGL context may take a fifth of a second. */
  private renderer: OverlayRenderer | null = null;
  private scene: OverlayScene | null = null;
  private book: TileBook<GreyTile> | null = null;
  private loader: TileLoader | null = null;
  private projection: Projection | null = null;
  private requests = 0;
  private frame = 0;
  private touched: Box[] = [];
  private refreshTimer: ReturnType<typeof setTimeout> | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    surface: HTMLElement,
    private readonly events: OverlayEvents,
  ) {
    this.canvas.className = "overlay-canvas";
    this.canvas.dataset.testid = "overlay-canvas";
    surface.append(this.canvas);
    this.canvas.addEventListener("webglcontextrestored", () => this.redrawSoon());
    this.report(0);
  }

  /** What to show from now on; null for nothing. */
  show(scene: OverlayScene | null): void {
    const isOtherRun = scene?.run !== this.scene?.run;
    this.scene = scene;
    if (isOtherRun) this.startBooks();
    this.redrawSoon();
  }

  /** Draws at this place, now: the slide has just been drawn there. */
  draw(projection: Projection | null): void {
    this.projection = projection;
    this.redraw();
  }

  /** These regions of the run were predicted anew; null when nobody knows which. */
  invalidate(run: string, boxes: readonly Box[] | null): void {
    if (run !== this.scene?.run) return;
    if (boxes === null) {
      this.book?.invalidateAll();
      this.redrawSoon();
      return;
    }
    this.touched.push(...boxes);
    this.refreshTimer ??= setTimeout(() => this.refresh(), REFRESH_EVERY_MS);
  }

  /** The service is back: what it refused may be asked for again. */
  retry(): void {
    this.book?.forgive();
    this.redrawSoon();
  }

  /** The probability of a layer at a base position, as far as it is here; null where it is not. */
  probability(layer: string, point: Point): number | null {
    const { scene, projection, book } = this;
    if (!scene || !projection || !book) return null;
    const z = this.zoom(scene, projection);
    const [tile] = tilesIn(scene.pyramid, z, [point.x, point.y, 1e-6, 1e-6]);
    const held = tile && [tile, ...ancestors(tile)].find((each) => book.has({ ...each, layer }));
    const content = held && book.read({ ...held, layer });
    if (!held || !content) return null;
    const size = 2 ** (scene.pyramid.maxZoom - held.z);
    const x = point.x / size - held.x * scene.pyramid.tileWidth;
    const y = point.y / size - held.y * scene.pyramid.tileHeight;
    return probabilityAt(content, x, y);
  }

  private startBooks(): void {
    this.loader?.stop();
    this.book?.clear();
    this.touched = [];
    const { scene } = this;
    this.book =
      scene && new TileBook(scene.pyramid, CACHE_BYTES, (tile) => this.renderer?.forget(tile));
    this.loader = this.book && scene && this.newLoader(this.book, scene.run);
  }

  private newLoader(book: TileBook<GreyTile>, run: string): TileLoader {
    const fetchTile = this.events.fetchTile(run);
    const counted: FetchTile = (tile, signal) => {
      this.requests++;
      return fetchTile(tile, signal);
    };
    return new TileLoader(book, counted, {
      onLoaded: () => this.redrawSoon(),
      onFailed: (error) => {
        this.events.onFailed(error);
        this.retryLater(book);
      },
    });
  }

  private retryLater(book: TileBook<GreyTile>): void {
    clearTimeout(this.retryTimer);
    const at = book.nextRetry;
    if (at === null) return;
    this.retryTimer = setTimeout(() => this.redrawSoon(), Math.max(0, at - performance.now()) + 20);
  }

  private refresh(): void {
    this.refreshTimer = undefined;
    this.book?.invalidate(this.touched);
    this.touched = [];
    this.redrawSoon();
  }

  private redrawSoon(): void {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.redraw();
    });
  }

  private redraw(): void {
    const { scene, projection } = this;
    if (!projection) return;
    resizeCanvas(this.canvas, projection);
    const quads = scene && scene.layers.length > 0 ? this.arrange(scene, projection) : [];
    if (quads.length > 0) this.renderer ??= createRenderer(this.canvas);
    this.renderer?.draw(quads, scene?.style ?? NO_STYLE);
    // Invisible when empty: see `OutlineLayer.paint` on canvases that are merely cleared.
    this.canvas.style.opacity = String(quads.length > 0 ? (scene?.opacity ?? 1) : 0);
    this.report(quads.filter(({ layers }) => layers.some((tile) => tile?.values)).length);
  }

  /** Decides what is drawn, and asks for what is missing. */
  private arrange(scene: OverlayScene, projection: Projection): Quad[] {
    const { book } = this;
    if (!book) return [];
    const layered = (tile: TileAddress) => scene.layers.map((layer) => ({ ...tile, layer }));
    const plan = planDrawing(
      scene.pyramid,
      this.zoom(scene, projection),
      viewBox(projection),
      (tile) => layered(tile).every((each) => book.has(each)),
    );
    this.loader?.want(plan.wanted.flatMap(layered));
    const ratio = this.canvas.width / projection.width;
    return plan.drawn.map((tile) => {
      const layers = layered(tile).map((each) => book.read(each) ?? null);
      return placeTile(scene.pyramid, tile, layers, projection, ratio);
    });
  }

  private zoom(scene: OverlayScene, projection: Projection): number {
    return zoomForScale(scene.pyramid, projection.scale, scene.finestZoom);
  }

  /** For the end-to-end tests: what is on the canvas, and what it took to get there. */
  private report(tiles: number): void {
    this.canvas.dataset.tiles = String(tiles);
    this.canvas.dataset.requests = String(this.requests);
  }
}
