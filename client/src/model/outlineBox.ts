/** When outlines are worth asking for, and for which part of the slide. */
import type { Mpp } from "../api/types";
import { area, type Box, intersection, rounded, scaled } from "./box";

/** Coarser than this, one screen pixel is wider than a nucleus and outlines are mere noise. */
const COARSEST_UM_PER_PIXEL = 4;
/** The service refuses boxes over 16 Mpx at the model's scale; half of it answers quickly. */
const LARGEST_VIEW = 8e6;
const LARGEST_REQUEST = 15e6;
/** A quarter of the view on every side, so that small moves need no new request. */
const MARGIN = 1.5;

/** The view plus a margin; null when the reader is zoomed out too far. */
export function outlineBox(
  view: Box,
  slide: Box,
  scale: number,
  mpp: Mpp | null,
  modelMpp: number,
): Box | null {
  const visible = intersection(view, slide);
  if (!visible) return null;
  // Without a pixel size the run was made pixel for pixel.
  const { x, y } = mpp ?? { x: modelMpp, y: modelMpp };
  if (mpp && x / scale > COARSEST_UM_PER_PIXEL) return null;
  const modelPixels = (area(visible) * x * y) / modelMpp ** 2;
  if (modelPixels > LARGEST_VIEW) return null;
  const factor = Math.min(MARGIN, Math.sqrt(LARGEST_REQUEST / modelPixels));
  return intersection(rounded(scaled(visible, factor)), slide);
}
