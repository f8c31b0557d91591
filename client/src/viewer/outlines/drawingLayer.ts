/**
 * Annotations of the slide, as their authors coloured them, over the slide.
 *
 * Another thread strokes them into a picture somewhat larger than the view; here it is only moved
 * and stretched, until one comes that fits.
 */
import { contains } from "../../model/box";
import { buffersOf, pack } from "../../model/packedShapes";
import { type Projection, toScreen, viewBox } from "../../model/projection";
import type { Shape } from "../../model/shapes";
import type { AppState } from "../../state/state";
import type { Painted, PaintOrder, PaintRequest } from "./paintMessages";

/** The picture's sides over the view's: what may be panned before the next is wanted. */
const MARGIN = 1.5;

export class DrawingLayer {
  readonly canvas = document.createElement("canvas");
  private readonly context: ImageBitmapRenderingContext;
  private readonly painter = new Worker(new URL("./painter.ts", import.meta.url), {
    type: "module",
  });
  private shown: readonly (readonly Shape[])[] = [];
  private layers = new Map<readonly Shape[], number>();
  private lastLayer = 0;
  /** What the picture shows. */
  private painted: PaintRequest | null = null;
  private isBusy = false;
  private projection: Projection | null = null;

  constructor(surface: HTMLElement) {
    this.canvas.className = "drawing-canvas";
    this.canvas.dataset.testid = "drawing-canvas";
    surface.append(this.canvas);
    const context = this.canvas.getContext("bitmaprenderer");
    if (!context) throw new Error("this browser shows no bitmaps");
    this.context = context;
    this.painter.addEventListener("message", ({ data }: MessageEvent<Painted>) =>
      this.accept(data),
    );
    this.painter.addEventListener("error", () => {
      this.isBusy = false; // the next frame asks again
    });
  }

  show(state: AppState): void {
    this.shown = state.slide ? Object.values(state.slide.drawn) : [];
    this.canvas.dataset.shapes = String(this.shown.reduce((sum, { length }) => sum + length, 0));
    this.handOver();
    this.paint();
  }

  draw(projection: Projection | null): void {
    this.projection = projection;
    this.paint();
  }

  /** The painter keeps what is shown, and nothing else. */
  private handOver(): void {
    for (const [shapes, layer] of this.layers) {
      if (this.shown.includes(shapes)) continue;
      this.layers.delete(shapes);
      this.order({ kind: "forget", layer });
    }
    for (const shapes of this.shown) {
      if (this.layers.has(shapes)) continue;
      const [packed, layer] = [pack(shapes), ++this.lastLayer];
      this.layers.set(shapes, layer);
      this.order({ kind: "keep", layer, packed }, buffersOf(packed));
    }
  }

  private accept({ request, bitmap }: Painted): void {
    const { width, height } = request.projection;
    this.canvas.width = bitmap.width;
    this.canvas.height = bitmap.height;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.context.transferFromImageBitmap(bitmap);
    this.painted = request;
    this.isBusy = false;
    this.paint();
  }

  private paint(): void {
    const { canvas, projection } = this;
    const isShown = projection !== null && this.shown.length > 0;
    if (this.shown.length === 0) this.painted = null; // else it would flash over another slide
    canvas.hidden = !isShown || !this.painted;
    if (!isShown) return;
    const isRight = this.isRightFor(projection);
    canvas.dataset.state = isRight ? "drawn" : "drawing";
    if (!isRight && !this.isBusy) this.ask(projection);
    this.place(projection);
  }

  private isRightFor(projection: Projection): boolean {
    const { painted } = this;
    return (
      painted !== null &&
      painted.projection.scale === projection.scale &&
      painted.ratio === pixelRatio() &&
      painted.layers.join() === this.wanted().join() &&
      contains(viewBox(painted.projection), viewBox(projection))
    );
  }

  private ask(projection: Projection): void {
    this.isBusy = true;
    const request: PaintRequest = {
      layers: this.wanted(),
      projection: withRoom(projection),
      ratio: pixelRatio(),
    };
    this.order({ kind: "paint", ...request });
  }

  private place(projection: Projection): void {
    if (!this.painted) return;
    const { left, top, scale } = this.painted.projection;
    const { x, y } = toScreen(projection, { x: left, y: top });
    this.canvas.style.transform = `translate(${x}px, ${y}px) scale(${projection.scale / scale})`;
  }

  private wanted(): number[] {
    return this.shown.map((shapes) => this.layers.get(shapes) ?? 0);
  }

  private order(order: PaintOrder, handedOver: Transferable[] = []): void {
    this.painter.postMessage(order, handedOver);
  }
}

function pixelRatio(): number {
  return globalThis.devicePixelRatio || 1;
}

/** A view with room on all sides, in whole CSS pixels so that pictures stay sharp. */
function withRoom({ scale, left, top, width, height }: Projection): Projection {
  const [right, down] = [width, height].map((side) => Math.ceil((side * (MARGIN - 1)) / 2));
  const [across, along] = [right ?? 0, down ?? 0];
  return {
    scale,
    left: left - across / scale,
    top: top - along / scale,
    width: width + 2 * across,
    height: height + 2 * along,
  };
}
