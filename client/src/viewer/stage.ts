/** The stage: the slide and all that lies over it, kept in step with the state and each other. */
import type { Api } from "../api/client";
import type { Outline } from "../api/findings";
import { probabilityLayer } from "../api/layers";
import type { Box, Point } from "../model/box";
import type { MeasureKind } from "../model/measure";
import { type Camera, cameraOf, cameraOn, type Projection, toBase } from "../model/projection";
import { thisSide } from "../state/comparison";
import { debounce } from "../state/debounce";
import { openDetail, selectedRun, shownClass } from "../state/selectors";
import type { AppState } from "../state/state";
import { ComparisonView } from "./compare/comparisonView";
import { DeepZoom } from "./deepZoom";
import { HighlightLayer } from "./highlightLayer";
import { MeasureTool } from "./measureTool";
import { DrawingLayer } from "./outlines/drawingLayer";
import type { Outlines } from "./outlines/outlineLoader";
import { PredictionLayers } from "./predictionLayers";
import { type CursorReading, ScaleBarView, StatusLine } from "./readouts";
import { RegionTool } from "./regionTool";

export interface StageHosts {
  /** All of the stage: the slide, a second view beside it, controls over both. */
  readonly surface: HTMLElement;
  readonly slide: HTMLElement;
  readonly scaleBar: HTMLElement;
  readonly status: HTMLElement;
}

export interface StageEvents {
  /** The view has come to rest. */
  readonly onView: (camera: Camera, projection: Projection) => void;
  /** A place of the slide was clicked, base pixels. */
  readonly onClick: (at: Point) => void;
  readonly onMeasureTool: (kind: MeasureKind | null) => void;
  readonly onRegion: (box: Box | null) => void;
  readonly onOutlinesAvailable: (available: boolean) => void;
  /** The divider between two compared views was moved. */
  readonly onDivider: (place: number) => void;
  /** A tile or an outline could not be had. */
  readonly onTrouble: (error: unknown) => void;
}

const REST_MS = 200;

export class Stage {
  private readonly deepZoom: DeepZoom;
  private readonly prediction: PredictionLayers;
  private readonly comparison: ComparisonView;
  private readonly drawings: DrawingLayer;
  private readonly highlight: HighlightLayer;
  private readonly measure: MeasureTool;
  private readonly region: RegionTool;
  private readonly scaleBar: ScaleBarView;
  private readonly status: StatusLine;
  private readonly reportView = debounce(() => this.viewCameToRest(), REST_MS);
  private state: AppState | null = null;
  private shown: string | null = null;
  private cursor: Point | null = null;
  private place = "";
  private frameEvent: (projection: Projection | null, slide: Box | null) => void = () => {};

  constructor(
    hosts: StageHosts,
    private readonly api: Api,
    private readonly events: StageEvents,
  ) {
    this.deepZoom = new DeepZoom(hosts.slide, {
      onFrame: (projection) => this.drawFrame(projection),
      onTileFailed: () => events.onTrouble(null),
      onClick: (at) => this.clicked(at),
    });
    const { surface } = this.deepZoom;
    this.prediction = new PredictionLayers(surface, api, events, "this");
    this.comparison = new ComparisonView(hosts.surface, this.deepZoom, api, events);
    this.drawings = new DrawingLayer(surface);
    this.highlight = new HighlightLayer(surface);
    this.measure = new MeasureTool(surface, events.onMeasureTool);
    this.region = new RegionTool(surface, events.onRegion, () => this.slideBox());
    this.scaleBar = new ScaleBarView(hosts.scaleBar);
    this.status = new StatusLine(hosts.status);
    this.watchCursor(surface);
  }

  show(state: AppState): void {
    this.state = state;
    this.openSlide(state);
    this.prediction.show(state);
    this.comparison.show(state);
    this.drawings.show(thisSide(state));
    this.measure.show(openDetail(state)?.mpp ?? null);
    this.region.show(state.region);
    this.drawReadouts();
  }

  invalidate(run: string, boxes: readonly Box[] | null): void {
    this.prediction.invalidate(run, boxes);
    this.comparison.invalidate(run, boxes);
  }

  /** Where canvases go that lie over the slide. */
  get surface(): HTMLElement {
    return this.deepZoom.surface;
  }

  /** Base pixels per CSS pixel; null before the first frame. */
  get unit(): number | null {
    const { projection } = this.deepZoom;
    return projection && 1 / projection.scale;
  }

  /** What of the run on show is outlined in this view. */
  get traced(): Outlines | null {
    return this.prediction.traced;
  }

  /** Who else draws over the slide, in step with it. */
  onFrame(draw: (projection: Projection | null, slide: Box | null) => void): void {
    this.frameEvent = draw;
  }

  panBy(dx: number, dy: number): void {
    this.deepZoom.panBy(dx, dy);
  }

  /** @param at stays where it is, in CSS pixels of the surface. */
  zoomAt(factor: number, at: Point): void {
    this.deepZoom.zoomAt(factor, at);
  }

  takeMeasure(kind: MeasureKind | null): void {
    this.measure.take(kind);
  }

  /** Sets a region off; null none. */
  point(outline: Outline | null): void {
    this.highlight.show(outline);
    this.highlight.draw(this.deepZoom.projection);
  }

  zoomBy(factor: number): void {
    this.comparison.giveLead();
    this.deepZoom.zoomBy(factor);
  }

  home(): void {
    this.comparison.giveLead();
    this.deepZoom.home();
  }

  /** From where all of a box is seen. */
  cameraOn(box: Box): Camera {
    const { clientWidth, clientHeight } = this.deepZoom.surface;
    return cameraOn(box, clientWidth, clientHeight);
  }

  /** Goes to a box of the slide that is on the stage. */
  lookAt(box: Box): void {
    this.deepZoom.moveTo(this.cameraOn(box));
  }

  /** The service is back. */
  retry(): void {
    this.deepZoom.retry();
    this.prediction.retry();
    this.comparison.retry();
  }

  private clicked(at: Point): void {
    const { projection } = this.deepZoom;
    if (projection) this.events.onClick(toBase(projection, at));
  }

  private openSlide(state: AppState): void {
    const detail = openDetail(state);
    const id = detail?.id ?? null;
    if (id === this.shown) return;
    this.shown = id;
    this.measure.take(null);
    this.place = "";
    if (!detail) {
      this.deepZoom.close();
      this.drawFrame(null);
      return;
    }
    this.deepZoom.open(detail, state.camera, (tile) => this.api.slideTileUrl(detail, tile));
  }

  private drawFrame(projection: Projection | null): void {
    this.prediction.draw(projection);
    this.comparison.draw(projection);
    this.drawings.draw(projection);
    this.highlight.draw(projection);
    this.measure.draw(projection);
    this.region.draw(projection);
    this.frameEvent(projection, this.slideBox());
    this.drawReadouts();
    // A frame is drawn for every tile that arrives; most of them are of the same place.
    const place = projection ? Object.values(projection).join() : "";
    if (place === this.place) return;
    this.place = place;
    this.reportView();
  }

  private viewCameToRest(): void {
    const { projection } = this.deepZoom;
    if (projection) this.events.onView(cameraOf(projection), projection);
  }

  private watchCursor(surface: HTMLElement): void {
    surface.addEventListener("pointermove", (event) => {
      const { left, top } = surface.getBoundingClientRect();
      this.cursor = { x: event.clientX - left, y: event.clientY - top };
      this.drawReadouts();
    });
    surface.addEventListener("pointerleave", () => {
      this.cursor = null;
      this.drawReadouts();
    });
  }

  private drawReadouts(): void {
    const { projection } = this.deepZoom;
    const mpp = (this.state && openDetail(this.state)?.mpp) ?? null;
    this.scaleBar.draw(projection, mpp);
    this.status.draw(projection, mpp, projection && this.readCursor(projection));
  }

  private readCursor(projection: Projection): CursorReading | null {
    if (!this.cursor || !this.state) return null;
    const point = toBase(projection, this.cursor);
    const run = selectedRun(this.state);
    const className = run && this.state.overlay.visible && shownClass(this.state, run)?.name;
    const value = className
      ? this.prediction.probability(probabilityLayer(className), point)
      : null;
    return { point, probability: className && value !== null ? { className, value } : null };
  }

  private slideBox(): Box | null {
    const detail = this.state && openDetail(this.state);
    return detail && [0, 0, detail.width, detail.height];
  }
}
