/** Annotations of the slide, as their authors coloured them, over the slide. */
import type { Box, Point } from "../../model/box";
import type { Projection } from "../../model/projection";
import type { Shape } from "../../model/shapes";
import { openDetail } from "../../state/selectors";
import type { AppState } from "../../state/state";
import { resizeCanvas } from "../canvasSize";

interface Drawing {
  readonly color: string;
  readonly path: Path2D;
}

const LINE_WIDTH = 2;
const HALO_WIDTH = 4;
const HALO_COLOUR = "rgb(10 10 12 / 55%)";

export class DrawingLayer {
  readonly canvas = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;
  private readonly paths = new WeakMap<readonly Shape[], readonly Drawing[]>();
  private shown: readonly (readonly Shape[])[] = [];
  private origin: Box = [0, 0, 0, 0];
  private projection: Projection | null = null;

  constructor(surface: HTMLElement) {
    this.canvas.className = "outline-canvas";
    this.canvas.dataset.testid = "drawing-canvas";
    surface.append(this.canvas);
    const context = this.canvas.getContext("2d");
    if (!context) throw new Error("this browser has no 2D canvas");
    this.context = context;
  }

  show(state: AppState): void {
    const detail = openDetail(state);
    // A `Path2D` keeps single floats: about the middle of the slide they are good for 8 figures.
    if (detail) this.origin = [detail.width / 2, detail.height / 2, 0, 0];
    this.shown = detail && state.slide ? Object.values(state.slide.drawn) : [];
    this.canvas.dataset.shapes = String(this.shown.reduce((sum, { length }) => sum + length, 0));
    this.paint();
  }

  draw(projection: Projection | null): void {
    this.projection = projection;
    this.paint();
  }

  private paint(): void {
    const { context, projection, canvas } = this;
    // Hidden as well as cleared, as the outlines are.
    canvas.hidden = !projection || this.shown.length === 0;
    if (!projection || canvas.hidden) return;
    resizeCanvas(canvas, projection);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    const ratio = canvas.width / projection.width;
    const scale = projection.scale * ratio;
    const [x, y] = this.origin;
    context.setTransform(
      scale,
      0,
      0,
      scale,
      (x - projection.left) * scale,
      (y - projection.top) * scale,
    );
    context.lineJoin = "round";
    for (const shapes of this.shown) {
      for (const drawing of this.pathsOf(shapes)) this.stroke(drawing, ratio / scale);
    }
  }

  private stroke({ path, color }: Drawing, unit: number): void {
    const { context } = this;
    context.lineWidth = HALO_WIDTH * unit;
    context.strokeStyle = HALO_COLOUR;
    context.stroke(path);
    context.lineWidth = LINE_WIDTH * unit;
    context.strokeStyle = color;
    context.stroke(path);
  }

  /** One path per colour: thousands of shapes are a few strokes. */
  private pathsOf(shapes: readonly Shape[]): readonly Drawing[] {
    let known = this.paths.get(shapes);
    if (!known) {
      const byColour = new Map<string, Path2D>();
      for (const shape of shapes) {
        const path = byColour.get(shape.color) ?? new Path2D();
        byColour.set(shape.color, path);
        for (const ring of shape.rings) trace(path, ring, shape.closed, this.origin);
      }
      known = [...byColour].map(([color, path]) => ({ color, path }));
      this.paths.set(shapes, known);
    }
    return known;
  }
}

function trace(path: Path2D, ring: readonly Point[], closed: boolean, [left, top]: Box): void {
  ring.forEach(({ x, y }, index) => {
    if (index === 0) path.moveTo(x - left, y - top);
    else path.lineTo(x - left, y - top);
  });
  if (closed) path.closePath();
}
