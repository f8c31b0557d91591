/** The layers on the desk, what is selected in them, and what is being drawn, over the slide. */
import { turnHandleOf } from "../../draw/carrying";
import { boxOf, centreOf, classOf, type DrawnElement, regionOf } from "../../draw/element";
import { handlesOf } from "../../draw/handles";
import { selection } from "../../draw/sketch";
import { activeLayer, chosenClass, type DeskState, type Layer, layersHere } from "../../draw/state";
import type { Draft, Tool } from "../../draw/tools/tool";
import { type Box, overlaps, type Point } from "../../model/box";
import { parseColour } from "../../model/colour";
import { type Projection, toScreen, viewBox } from "../../model/projection";
import { ringsOf } from "../../model/shapes";
import { resizeCanvas } from "../canvasSize";

const LINE_WIDTH = 2;
const HALO_WIDTH = 4;
const HALO_COLOUR = "rgb(10 10 12 / 55%)";
/** Tissue is to be judged through it. */
const FILL_OPACITY = 0.1;
const SELECTED_COLOUR = "#ffffff";
const SUBTRACT_COLOUR = "#ff6b5e";
const POINT_RADIUS = 5;
const HANDLE = 3.5;
/** Beyond this many in view, fills and halos cost more than they show. */
const MANY = 3000;
const MOST_HANDLES = 800;

/** What of the desk is to be seen in a frame. */
export interface Scene {
  readonly desk: DeskState;
  readonly tool: Tool | null;
  /** In base pixels; null while it is elsewhere. */
  readonly cursor: Point | null;
}

export class SketchLayer {
  readonly canvas = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;
  private readonly paths = new WeakMap<DrawnElement, Path2D>();
  private origin: Point = { x: 0, y: 0 };

  constructor(surface: HTMLElement) {
    this.canvas.className = "outline-canvas";
    this.canvas.dataset.testid = "sketch-canvas";
    surface.append(this.canvas);
    const context = this.canvas.getContext("2d");
    if (!context) throw new Error("this browser has no 2D canvas");
    this.context = context;
  }

  paint(projection: Projection | null, scene: Scene, slide: Box | null): void {
    const { canvas, context } = this;
    const layers = layersHere(scene.desk).filter(({ visible }) => visible);
    canvas.dataset.elements = String(
      layers.reduce((sum, { history }) => sum + history.present.elements.length, 0),
    );
    canvas.hidden = !projection || !slide || (layers.length === 0 && !scene.tool);
    if (!projection || !slide || canvas.hidden) return;
    resizeCanvas(canvas, projection);
    this.moveOrigin(slide);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (const layer of layers) this.paintLayer(layer, scene, projection);
    this.toScreen(projection);
    if (scene.tool?.draft) this.paintDraft(scene.tool.draft, scene, projection);
    if (scene.cursor) this.paintBrush(scene, projection, scene.cursor);
  }

  /** A `Path2D` keeps single floats: about the middle of the slide they are good for 8 figures. */
  private moveOrigin([, , width, height]: Box): void {
    this.origin = { x: width / 2, y: height / 2 };
  }

  private paintLayer(layer: Layer, scene: Scene, projection: Projection): void {
    const isActive = activeLayer(scene.desk)?.client === layer.client;
    const preview = isActive ? scene.tool?.preview : null;
    const sketch = preview ?? layer.history.present;
    const view = viewBox(projection);
    const seen = sketch.elements.filter((each) => isSeen(each, view));
    const chosen = new Set(isActive ? sketch.selected : []);
    const isPlain = seen.length > MANY;
    for (const element of seen) {
      if (element.type === "point") this.paintPoint(element, chosen.has(element.id), projection);
      else this.paintShape(element, chosen.has(element.id), isPlain, projection);
    }
    if (isActive && scene.desk.tool === "select") {
      this.toScreen(projection);
      const chosenOnes = selection(sketch);
      this.paintTurn(chosenOnes, projection);
      const handles = chosenOnes.flatMap(handlesOf);
      this.paintHandles(
        handles.map(({ at }) => at),
        scene.tool?.activeHandle?.at,
        projection,
      );
    }
  }

  private paintShape(
    element: DrawnElement,
    isChosen: boolean,
    isPlain: boolean,
    projection: Projection,
  ): void {
    const { context } = this;
    const path = this.pathOf(element);
    const unit = 1 / projection.scale;
    this.toBase(projection);
    const { colour } = classOf(element);
    if (regionOf(element) && !isPlain) {
      context.fillStyle = rgba(colour, isChosen ? FILL_OPACITY * 1.6 : FILL_OPACITY);
      context.fill(path, "evenodd");
    }
    context.lineJoin = "round";
    if (!isPlain || isChosen) {
      context.lineWidth = (isChosen ? HALO_WIDTH + 1.5 : HALO_WIDTH) * unit;
      context.strokeStyle = isChosen ? SELECTED_COLOUR : HALO_COLOUR;
      context.stroke(path);
    }
    context.lineWidth = LINE_WIDTH * unit;
    context.strokeStyle = colour;
    context.stroke(path);
  }

  private paintPoint(element: DrawnElement, isChosen: boolean, projection: Projection): void {
    const { context } = this;
    this.toScreen(projection);
    const { x, y } = toScreen(projection, centreOf(element));
    context.beginPath();
    context.arc(x, y, POINT_RADIUS, 0, 2 * Math.PI);
    context.fillStyle = classOf(element).colour;
    context.fill();
    context.lineWidth = 2;
    context.strokeStyle = isChosen ? SELECTED_COLOUR : HALO_COLOUR;
    context.stroke();
  }

  private paintHandles(
    points: readonly Point[],
    active: Point | undefined,
    projection: Projection,
  ): void {
    const { context } = this;
    const view = viewBox(projection);
    const near = points.filter(({ x, y }) => overlaps([x, y, 1, 1], view));
    if (near.length > MOST_HANDLES) return;
    context.lineWidth = 1.2;
    for (const point of near) {
      const { x, y } = toScreen(projection, point);
      const isActive = active?.x === point.x && active.y === point.y;
      const size = isActive ? HANDLE + 1.5 : HANDLE;
      context.fillStyle = isActive ? "#ffd24a" : "#ffffff";
      context.strokeStyle = "#16181a";
      context.fillRect(x - size, y - size, 2 * size, 2 * size);
      context.strokeRect(x - size, y - size, 2 * size, 2 * size);
    }
  }

  /** Round, so that nobody takes it for a corner. */
  private paintTurn(chosen: readonly DrawnElement[], projection: Projection): void {
    const turn = turnHandleOf(chosen, 1 / projection.scale);
    if (!turn) return;
    const { context } = this;
    const [at, foot] = [toScreen(projection, turn.at), toScreen(projection, turn.foot)];
    for (const [width, colour] of [
      [3, HALO_COLOUR],
      [1.2, SELECTED_COLOUR],
    ] as const) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.beginPath();
      context.moveTo(foot.x, foot.y);
      context.lineTo(at.x, at.y);
      context.stroke();
    }
    context.beginPath();
    context.arc(at.x, at.y, HANDLE + 1.5, 0, 2 * Math.PI);
    context.fillStyle = "#ffffff";
    context.fill();
    context.strokeStyle = "#16181a";
    context.stroke();
  }

  private paintDraft(draft: Draft, { desk }: Scene, projection: Projection): void {
    const { context } = this;
    const colour = draft.subtracts ? SUBTRACT_COLOUR : chosenClass(desk).colour;
    const points = draft.points.map((point) => toScreen(projection, point));
    context.beginPath();
    points.forEach(({ x, y }, index) => {
      if (index === 0) context.moveTo(x, y);
      // A stroke that only touches down is seen as well.
      if (index > 0 || points.length === 1) context.lineTo(x, y);
    });
    context.lineJoin = "round";
    context.lineCap = "round";
    if (draft.width !== null) {
      context.lineWidth = draft.width * projection.scale;
      context.strokeStyle = rgba(colour, 0.45);
      context.stroke();
      return;
    }
    if (draft.closed) {
      context.fillStyle = rgba(colour, FILL_OPACITY);
      context.fill();
    }
    context.lineWidth = HALO_WIDTH;
    context.strokeStyle = HALO_COLOUR;
    context.stroke();
    context.lineWidth = LINE_WIDTH;
    context.strokeStyle = colour;
    context.stroke();
    this.paintHandles(draft.corners, undefined, projection);
  }

  private paintBrush({ desk }: Scene, projection: Projection, cursor: Point): void {
    if (desk.tool !== "brush" && desk.tool !== "eraser") return;
    const { context } = this;
    const { x, y } = toScreen(projection, cursor);
    const takesAway = desk.tool === "eraser" || desk.subtracting;
    const ring = (width: number, colour: string): void => {
      context.beginPath();
      context.arc(x, y, desk.brush, 0, 2 * Math.PI);
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.stroke();
    };
    ring(3, HALO_COLOUR);
    ring(1.5, takesAway ? SUBTRACT_COLOUR : chosenClass(desk).colour);
  }

  private toBase({ scale, left, top, width }: Projection): void {
    const ratio = this.canvas.width / width;
    const [x, y] = [(this.origin.x - left) * scale * ratio, (this.origin.y - top) * scale * ratio];
    this.context.setTransform(scale * ratio, 0, 0, scale * ratio, x, y);
  }

  private toScreen({ width }: Projection): void {
    const ratio = this.canvas.width / width;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  private pathOf(element: DrawnElement): Path2D {
    let path = this.paths.get(element);
    if (!path) {
      path = new Path2D();
      const isClosed = element.type !== "polyline" || element.closed === true;
      for (const ring of ringsOf(element)) {
        ring.forEach(({ x, y }, index) => {
          if (index === 0) path?.moveTo(x - this.origin.x, y - this.origin.y);
          else path?.lineTo(x - this.origin.x, y - this.origin.y);
        });
        if (isClosed) path.closePath();
      }
      this.paths.set(element, path);
    }
    return path;
  }
}

function isSeen(element: DrawnElement, view: Box): boolean {
  const [x, y, width, height] = boxOf(element);
  return overlaps([x - 1, y - 1, width + 2, height + 2], view);
}

function rgba(colour: string, opacity: number): string {
  return `rgb(${parseColour(colour).join(" ")} / ${opacity})`;
}
