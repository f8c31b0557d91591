/** Chooses the way of drawing that this machine is good at. */
import { createCanvasRenderer } from "./canvasRenderer";
import type { OverlayRenderer } from "./renderer";
import { createWebglRenderer } from "./webglRenderer";

/**
 * WebGL2, or the 2D canvas where there is none. `?renderer=2d` in the address forces the latter.
 *
 * Measured in headless Chromium without a graphics card (SwiftShader, two busy cores, 16 tiles in
 * view): a frame while the threshold moves takes 27 to 46 ms with WebGL2 and 36 with the 2D canvas,
 * no difference that counts. WebGL2 comes first because a card makes it free, and because it
 * interpolates the probability before the threshold cuts it: boundaries are smooth when enlarged.
 */
export function createRenderer(canvas: HTMLCanvasElement): OverlayRenderer {
  const forced = new URLSearchParams(location.search).get("renderer");
  const webgl = forced === "2d" ? null : createWebglRenderer(canvas);
  return webgl ?? createCanvasRenderer(canvas);
}
