/** Where base pixels lie on the screen. The slide is never rotated or mirrored. */
import { type Box, centre, type Point } from "./box";

/** What a reader looks at: the base pixel in the middle and CSS pixels per base pixel. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export interface Projection {
  /** CSS pixels per base pixel. */
  readonly scale: number;
  /** The base position of the stage's top left corner. */
  readonly left: number;
  readonly top: number;
  /** The stage in CSS pixels. */
  readonly width: number;
  readonly height: number;
}

export function viewBox({ scale, left, top, width, height }: Projection): Box {
  return [left, top, width / scale, height / scale];
}

export function toScreen({ scale, left, top }: Projection, { x, y }: Point): Point {
  return { x: (x - left) * scale, y: (y - top) * scale };
}

export function toBase({ scale, left, top }: Projection, { x, y }: Point): Point {
  return { x: left + x / scale, y: top + y / scale };
}

/** Glass or tissue around a box that one has come to see. */
const MARGIN = 1.2;

/** Sees all of the box on a stage of so many CSS pixels. */
export function cameraOn(box: Box, width: number, height: number): Camera {
  const [, , across, down] = box;
  const zoom = Math.min(width / across, height / down) / MARGIN;
  return { ...centre(box), zoom };
}

export function cameraOf({ scale, left, top, width, height }: Projection): Camera {
  return { x: left + width / scale / 2, y: top + height / scale / 2, zoom: scale };
}
