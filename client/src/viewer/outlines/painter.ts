/** The thread that strokes outlines: a hundred thousand of them hold up no frame. */
import type { PackedShapes } from "../../model/packedShapes";
import type { Painted, PaintOrder, PaintRequest } from "./paintMessages";
import { paintShapes } from "./shapePainter";

/** Of the worker's scope, which the DOM's types do not know. */
interface Scope {
  postMessage(message: Painted, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as Scope;
const kept = new Map<number, PackedShapes>();
const canvas = new OffscreenCanvas(1, 1);
// Rastered by this thread: where there is no GPU, the process that stands for it also shows frames.
const context = canvas.getContext("2d", { willReadFrequently: true });

addEventListener("message", ({ data }: MessageEvent<PaintOrder>) => {
  if (data.kind === "keep") kept.set(data.layer, data.packed);
  else if (data.kind === "forget") kept.delete(data.layer);
  else paint(data);
});

function paint({ layers, projection, ratio }: PaintRequest): void {
  if (!context) throw new Error("this browser has no 2D canvas");
  // Setting its size clears a canvas.
  canvas.width = Math.round(projection.width * ratio);
  canvas.height = Math.round(projection.height * ratio);
  for (const layer of layers) {
    const packed = kept.get(layer);
    if (packed) paintShapes(context, packed, projection, ratio);
  }
  const bitmap = canvas.transferToImageBitmap();
  scope.postMessage({ request: { layers, projection, ratio }, bitmap }, [bitmap]);
}
