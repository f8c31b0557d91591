/** Chooses the way of drawing that this machine is good at. */
import { createCanvasRenderer } from "./canvasRenderer";
import type { OverlayRenderer } from "./renderer";
import { createWebglRenderer } from "./webglRenderer";

/** WebGL2, or the 2D canvas where there is none. `?renderer=2d` in the address forces the latter. */
export function createRenderer(canvas: HTMLCanvasElement): OverlayRenderer {
  const forced = new URLSearchParams(location.search).get("renderer");
  const webgl = forced === "2d" ? null : createWebglRenderer(canvas);
  return webgl ?? createCanvasRenderer(canvas);
}
