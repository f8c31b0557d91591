/** Lengths and areas on the slide, of points in base pixels. */
import type { Mpp } from "../api/types";
import { COMMON } from "../words/common";
import { formatInteger } from "../words/language";
import { STAGE } from "../words/stage";
import { PIXEL_SIZE, UNITS } from "../words/units";
import type { Point } from "./box";
import { fixed, formatArea } from "./format";

/** Base pixels as micrometres, x and y apart; without a pixel size they stay what they are. */
function placed(points: readonly Point[], mpp: Mpp | null): readonly Point[] {
  return mpp ? points.map(({ x, y }) => ({ x: x * mpp.x, y: y * mpp.y })) : points;
}

/** Along the points, in µm, or in px without a pixel size. */
export function lengthOf(points: readonly Point[], mpp: Mpp | null): number {
  const at = placed(points, mpp);
  return at.slice(1).reduce((sum, { x, y }, index) => {
    const { x: fromX, y: fromY } = at[index] ?? { x, y };
    return sum + Math.hypot(x - fromX, y - fromY);
  }, 0);
}

/** Of the polygon, in µm², or in px² without a pixel size; what crosses itself counts both ways. */
export function areaOf(points: readonly Point[], mpp: Mpp | null): number {
  const at = placed(points, mpp);
  const twice = at.reduce((sum, { x, y }, index) => {
    const next = at[(index + 1) % at.length] ?? { x, y };
    return sum + x * next.y - next.x * y;
  }, 0);
  return Math.abs(twice) / 2;
}

export function formatLength(length: number, mpp: Mpp | null): string {
  if (!mpp) return UNITS.pixels(formatInteger(length));
  return length >= 1000
    ? UNITS.millimetres(fixed(length / 1000))
    : UNITS.micrometres(fixed(length));
}

/** What a measurement is worth, where that is not the scanner's word. */
export function scaleCaveat(mpp: Mpp | null): string {
  if (!mpp) return COMMON.pixelSizeUnknown;
  if (mpp.source === "assumed") return PIXEL_SIZE.assumed;
  return mpp.source === "user" ? PIXEL_SIZE.setByYou : "";
}

export type MeasureKind = "length" | "area";

/** "412 µm", "0.12 mm² · around 1.50 mm", and what to doubt of it. */
export function measured(kind: MeasureKind, points: readonly Point[], mpp: Mpp | null): string {
  const parts = [kind === "length" ? formatLength(lengthOf(points, mpp), mpp) : area(points, mpp)];
  const caveat = scaleCaveat(mpp);
  return [...parts, caveat].filter(Boolean).join(" · ");
}

function area(points: readonly Point[], mpp: Mpp | null): string {
  const [first] = points;
  const around = formatLength(lengthOf(first ? [...points, first] : points, mpp), mpp);
  const size = areaOf(points, mpp);
  const said = mpp ? formatArea(size / 1e6) : UNITS.squarePixels(formatInteger(size));
  return STAGE.around(said, around);
}
