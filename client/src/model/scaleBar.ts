/** A bar of a round length, as cartographers draw it. */
import { LANGUAGE } from "../words/language";
import { UNITS } from "../words/units";

export interface ScaleBar {
  readonly label: string;
  /** CSS pixels. */
  readonly length: number;
}

const STEPS = [1, 2, 5];

/**
 * The longest round length that fits into `room` CSS pixels.
 *
 * @param mpp µm per base pixel along x, or null: then the bar counts base pixels.
 * @param scale CSS pixels per base pixel.
 */
export function scaleBar(mpp: number | null, scale: number, room: number): ScaleBar {
  const perScreenPixel = (mpp ?? 1) / scale;
  const value = roundLength(room * perScreenPixel);
  return { label: label(value, mpp !== null), length: value / perScreenPixel };
}

function roundLength(limit: number): number {
  const power = 10 ** Math.floor(Math.log10(limit));
  const step = STEPS.filter((candidate) => candidate * power <= limit * (1 + 1e-9)).at(-1) ?? 1;
  return step * power;
}

function label(value: number, physical: boolean): string {
  if (!physical) return UNITS.pixels(format(value));
  return value >= 1000 ? UNITS.millimetres(format(value / 1000)) : UNITS.micrometres(format(value));
}

function format(value: number): string {
  return Number(value.toPrecision(1)).toLocaleString(LANGUAGE.numbers, {
    maximumFractionDigits: 6,
  });
}
