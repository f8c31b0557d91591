/** Strokes packed shapes: those in view, and no finer than the screen. */
import { grown, touches } from "../../model/box";
import type { Block, PackedShapes } from "../../model/packedShapes";
import { type Projection, viewBox } from "../../model/projection";

const LINE_WIDTH = 2;
const HALO_WIDTH = 4;
const HALO_COLOUR = "rgb(10 10 12 / 55%)";
/** CSS pixels between two corners of an outline, at least: nearer ones no eye tells apart. */
const FINEST = 0.75;

export function paintShapes(
  context: OffscreenCanvasRenderingContext2D,
  packed: PackedShapes,
  projection: Projection,
  /** Device pixels per CSS pixel. */
  ratio: number,
): void {
  // Lines are wider than what they bound, which may be as thin as nothing.
  const view = grown(viewBox(projection), HALO_WIDTH / projection.scale);
  const scale = projection.scale * ratio;
  const { x, y } = packed.origin;
  const [left, top] = [(x - projection.left) * scale, (y - projection.top) * scale];
  context.setTransform(scale, 0, 0, scale, left, top);
  context.lineJoin = "round";
  const inView = packed.blocks.filter(({ box }) => touches(box, view));
  const paths = inView.flatMap((block) => [...pathsOf(packed, block, FINEST / projection.scale)]);
  // All halos first: none may lie over a line.
  context.lineWidth = (HALO_WIDTH * ratio) / scale;
  context.strokeStyle = HALO_COLOUR;
  for (const [, path] of paths) context.stroke(path);
  context.lineWidth = (LINE_WIDTH * ratio) / scale;
  for (const [colour, path] of paths) {
    context.strokeStyle = colour;
    context.stroke(path);
  }
}

/** One path per colour: hundreds of shapes are a few strokes. */
function pathsOf(packed: PackedShapes, { first, end }: Block, step: number): Map<string, Path2D> {
  const paths = new Map<string, Path2D>();
  for (let shape = first; shape < end; shape++) {
    const colour = packed.palette[packed.colours[shape] ?? 0] ?? "";
    const path = paths.get(colour) ?? new Path2D();
    paths.set(colour, path);
    const lastRing = packed.shapes[shape + 1] ?? 0;
    for (let ring = packed.shapes[shape] ?? 0; ring < lastRing; ring++) {
      trace(path, packed, ring, step);
      if (packed.closed[shape]) path.closePath();
    }
  }
  return paths;
}

function trace(path: Path2D, { points, rings }: PackedShapes, ring: number, step: number): void {
  const [first, end] = [rings[ring] ?? 0, rings[ring + 1] ?? 0];
  let [lastX, lastY] = [points[2 * first] ?? 0, points[2 * first + 1] ?? 0];
  path.moveTo(lastX, lastY);
  for (let at = first + 1; at < end; at++) {
    const [x, y] = [points[2 * at] ?? 0, points[2 * at + 1] ?? 0];
    const isFar = Math.abs(x - lastX) + Math.abs(y - lastY) >= step;
    if (!isFar && at < end - 1) continue;
    path.lineTo(x, y);
    [lastX, lastY] = [x, y];
  }
}
