/** The traced outlines, holes included, as crisp lines over the slide. */
import type { PolygonCollection } from "../../api/types";
import { type Box, intersection } from "../../model/box";
import { outlineBox } from "../../model/outlineBox";
import { type Projection, viewBox } from "../../model/projection";
import { openDetail, selectedRun, shownClasses } from "../../state/selectors";
import type { AppState } from "../../state/state";
import { resizeCanvas } from "../canvasSize";
import {
  type FetchPolygons,
  OutlineLoader,
  type OutlineRequest,
  type Outlines,
} from "./outlineLoader";

interface Drawing {
  readonly run: string;
  /** Paths are relative to this corner: a `Path2D` keeps single floats, good for 7 figures. */
  readonly origin: Box;
  readonly paths: ReadonlyMap<string, Path2D>;
}

const LINE_WIDTH = 1.6;
/** A dark line under the coloured one sets it off from tissue of any colour. */
const HALO_WIDTH = 3.4;
const HALO_COLOUR = "rgb(10 10 12 / 55%)";

export class OutlineLayer {
  readonly canvas = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;
  private readonly loader: OutlineLoader;
  private state: AppState | null = null;
  private projection: Projection | null = null;
  private drawing: Drawing | null = null;
  private held: Outlines | null = null;

  constructor(
    surface: HTMLElement,
    fetchPolygons: FetchPolygons,
    onFailed: (error: unknown) => void,
    /** Tells whether outlines can be had in this view at all. */
    private readonly onAvailable: (available: boolean) => void,
  ) {
    this.canvas.className = "outline-canvas";
    surface.append(this.canvas);
    const context = this.canvas.getContext("2d");
    if (!context) throw new Error("this browser has no 2D canvas");
    this.context = context;
    this.loader = new OutlineLoader(fetchPolygons, (outlines) => this.accept(outlines), onFailed);
  }

  show(state: AppState): void {
    this.state = state;
    this.update();
  }

  draw(projection: Projection | null): void {
    this.projection = projection;
    this.update();
  }

  /** The outlines that are on show; null where none are. */
  get shown(): Outlines | null {
    return this.canvas.hidden ? null : this.held;
  }

  invalidate(run: string, boxes: readonly Box[] | null): void {
    if (this.state?.slide?.runId === run) this.loader.invalidate(boxes, () => this.update());
  }

  private update(): void {
    const request = this.request();
    this.loader.want(request);
    this.paint(request);
  }

  private accept(outlines: Outlines): void {
    const { request, collections } = outlines;
    this.held = outlines;
    const paths = new Map<string, Path2D>();
    request.classNames.forEach((name, index) => {
      const collection = collections[index];
      if (collection) paths.set(name, pathOf(collection, request.box));
    });
    this.drawing = { run: request.run, origin: request.box, paths };
    this.canvas.dataset.polygons = String(
      collections.reduce((sum, { features }) => sum + features.length, 0),
    );
    this.update();
  }

  /** What this view needs; null where outlines are off or the view is too wide for them. */
  private request(): OutlineRequest | null {
    const { state, projection } = this;
    const detail = state && openDetail(state);
    const run = state && selectedRun(state);
    if (!detail || !run || !projection) return null;
    const slide: Box = [0, 0, detail.width, detail.height];
    const view = intersection(viewBox(projection), slide);
    const box = view && outlineBox(view, slide, projection.scale, detail.mpp, run.mpp);
    this.onAvailable(box !== null);
    const classNames = shownClasses(state, run).map(({ name }) => name);
    if (!view || !box || !state.overlay.outlines || classNames.length === 0) return null;
    return { run: run.id, classNames, threshold: state.overlay.threshold, view, box };
  }

  private paint(request: OutlineRequest | null): void {
    const { context, projection, drawing, state } = this;
    if (!projection || !state) return;
    resizeCanvas(this.canvas, projection);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    // Hidden as well as cleared: Chromium has been seen to go on showing what was cleared away
    // when nothing is drawn after it.
    const isShown = request !== null && drawing?.run === request.run;
    this.canvas.hidden = !isShown;
    if (!isShown) return;
    const ratio = this.canvas.width / projection.width;
    const scale = projection.scale * ratio;
    const [x, y] = drawing.origin;
    const offsetX = (x - projection.left) * scale;
    const offsetY = (y - projection.top) * scale;
    context.setTransform(scale, 0, 0, scale, offsetX, offsetY);
    context.lineJoin = "round";
    context.save();
    this.clipTo(drawing.origin, (HALO_WIDTH * ratio) / scale);
    for (const { name, color } of selectedRun(state)?.classes ?? []) {
      const path = request.classNames.includes(name) && drawing.paths.get(name);
      if (path) this.stroke(path, color, ratio / scale);
    }
    context.restore();
  }

  /** The service closes polygons along the edge of what was asked for; that line is no boundary. */
  private clipTo([, , width, height]: Box, inset: number): void {
    this.context.beginPath();
    this.context.rect(inset, inset, width - 2 * inset, height - 2 * inset);
    this.context.clip();
  }

  /** @param unit Base pixels per CSS pixel: lines keep their width at every zoom. */
  private stroke(path: Path2D, colour: string, unit: number): void {
    const { context } = this;
    context.lineWidth = HALO_WIDTH * unit;
    context.strokeStyle = HALO_COLOUR;
    context.stroke(path);
    context.lineWidth = LINE_WIDTH * unit;
    context.strokeStyle = colour;
    context.stroke(path);
  }
}

/** All rings in one path: outer rings and holes alike are boundaries. */
function pathOf({ features }: PolygonCollection, [originX, originY]: Box): Path2D {
  const path = new Path2D();
  for (const { geometry } of features) {
    for (const ring of geometry.coordinates) {
      ring.forEach(([x = 0, y = 0], index) => {
        if (index === 0) path.moveTo(x - originX, y - originY);
        else path.lineTo(x - originX, y - originY);
      });
      path.closePath();
    }
  }
  return path;
}
