/** What a person drew, filled as a prediction is, so that both can be laid side by side. */
import type { Box } from "../../model/box";
import type { Projection } from "../../model/projection";
import type { Shape } from "../../model/shapes";
import { openDetail } from "../../state/selectors";
import type { AppState } from "../../state/state";
import { resizeCanvas } from "../canvasSize";

const LINE_WIDTH = 2;

export class AreaLayer {
  readonly canvas = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;
  private shapes: readonly Shape[] = [];
  private origin: Box = [0, 0, 0, 0];
  private opacity = 0;
  private projection: Projection | null = null;
  private paths: readonly { readonly path: Path2D; readonly shape: Shape }[] = [];

  constructor(surface: HTMLElement) {
    this.canvas.className = "outline-canvas";
    this.canvas.dataset.testid = "area-canvas";
    surface.append(this.canvas);
    const context = this.canvas.getContext("2d");
    if (!context) throw new Error("this browser has no 2D canvas");
    this.context = context;
  }

  show(state: AppState): void {
    const detail = openDetail(state);
    const shapes = (state.slide && Object.values(state.slide.drawn)[0]) ?? [];
    if (detail && shapes !== this.shapes) {
      // A `Path2D` keeps single floats: about the middle of the slide they are good for 8 figures.
      this.origin = [detail.width / 2, detail.height / 2, 0, 0];
      this.paths = shapes.map((shape) => ({ path: pathOf(shape, this.origin), shape }));
    }
    this.shapes = shapes;
    this.opacity = state.overlay.visible ? state.overlay.opacity : 0;
    this.canvas.dataset.shapes = String(shapes.length);
    this.paint();
  }

  draw(projection: Projection | null): void {
    this.projection = projection;
    this.paint();
  }

  private paint(): void {
    const { context, projection, canvas } = this;
    canvas.hidden = !projection || this.shapes.length === 0;
    if (!projection || canvas.hidden) return;
    resizeCanvas(canvas, projection);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    const ratio = canvas.width / projection.width;
    const scale = projection.scale * ratio;
    const [x, y] = this.origin;
    const left = (x - projection.left) * scale;
    context.setTransform(scale, 0, 0, scale, left, (y - projection.top) * scale);
    context.lineWidth = (LINE_WIDTH * ratio) / scale;
    for (const { path, shape } of this.paths) {
      context.fillStyle = shape.color;
      context.strokeStyle = shape.color;
      context.globalAlpha = this.opacity;
      if (shape.closed && !shape.isRoi) context.fill(path, "evenodd");
      context.globalAlpha = 1;
      context.stroke(path);
    }
  }
}

function pathOf({ rings, closed }: Shape, [left, top]: Box): Path2D {
  const path = new Path2D();
  for (const ring of rings) {
    ring.forEach(({ x, y }, index) => {
      if (index === 0) path.moveTo(x - left, y - top);
      else path.lineTo(x - left, y - top);
    });
    if (closed) path.closePath();
  }
  return path;
}
