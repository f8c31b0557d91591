/** Canvases as sharp as the screen. */
import type { Projection } from "../model/projection";

/** Makes the canvas as large as the stage, in device pixels. Does nothing when it already is. */
export function resizeCanvas(canvas: HTMLCanvasElement, { width, height }: Projection): void {
  const ratio = globalThis.devicePixelRatio || 1;
  const [pixelWidth, pixelHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
  // Setting a size clears the canvas even when it is the same one.
  if (canvas.width !== pixelWidth) canvas.width = pixelWidth;
  if (canvas.height !== pixelHeight) canvas.height = pixelHeight;
}
