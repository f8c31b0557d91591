/** Lines of a training's course, as paths of an SVG. */
import type { Epoch } from "../api/learn";
import { CURVES } from "../words/models";

export interface Curve {
  readonly name: string;
  /** Index of its colour. */
  readonly hue: number;
  /** SVG path in the plot's units: x grows with the epoch, y downwards. */
  readonly path: string;
  /** The last value that is known. */
  readonly last: number;
}

export interface Plot {
  readonly curves: readonly Curve[];
  readonly low: number;
  readonly high: number;
}

export const PLOT = { width: 320, height: 120 } as const;

type Value = number | null | undefined;

export function lossPlot(epochs: readonly Epoch[]): Plot {
  const lines = [
    { name: CURVES.training, values: epochs.map(({ loss }) => loss) },
    { name: CURVES.validation, values: epochs.map(({ val_loss }) => val_loss) },
  ];
  const known = lines.flatMap(({ values }) => values.filter(isKnown));
  return plot(epochs, lines, 0, Math.max(...known, 1e-9));
}

/** Dice of the validation pictures, by class; accuracy of the training where nobody validates. */
export function dicePlot(epochs: readonly Epoch[]): Plot {
  const names = [...new Set(epochs.flatMap(({ dice }) => Object.keys(dice)))];
  const byClass = names.map((name) => ({ name, values: epochs.map(({ dice }) => dice[name]) }));
  const accuracy = { name: CURVES.accuracy, values: epochs.map(({ accuracy }) => accuracy) };
  return plot(epochs, byClass.length > 0 ? byClass : [accuracy], 0, 1);
}

function plot(
  epochs: readonly Epoch[],
  lines: readonly { readonly name: string; readonly values: readonly Value[] }[],
  low: number,
  high: number,
): Plot {
  const step = PLOT.width / Math.max(epochs.length - 1, 1);
  const place = (value: number, index: number): string => {
    const y = PLOT.height * (1 - (value - low) / (high - low));
    return `${(index * step).toFixed(1)} ${y.toFixed(1)}`;
  };
  const curves = lines.flatMap(({ name, values }, hue) => {
    const points = values.flatMap((value, index) => (isKnown(value) ? [place(value, index)] : []));
    const last = values.filter(isKnown).at(-1);
    return last === undefined ? [] : [{ name, hue, path: `M${points.join("L")}`, last }];
  });
  return { curves, low, high };
}

function isKnown(value: Value): value is number {
  return value !== null && value !== undefined;
}
