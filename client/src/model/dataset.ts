/** What data sets and their regions mean to people. */
import type { Dataset, DatasetRegion, DatasetSummary, Split } from "../api/types";
import { formatInteger, formatPitch, formatPixels } from "./format";

export const SPLIT_WORDS: Record<Split, string> = {
  train: "Training",
  valid: "Validation",
  test: "Test",
};

export const SPLITS: readonly Split[] = ["train", "valid", "test"];

const CONSENSUS_WORDS: Record<string, string> = {
  newest: "newest reviewed drawing",
  reviewed: "newest reviewed drawing",
  majority: "majority vote",
  weighted: "weighted vote",
  "dawid-skene": "Dawid–Skene",
  staple: "STAPLE",
};

export function consensusWords(method: string): string {
  return CONSENSUS_WORDS[method] ?? method;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatInteger(count)} ${count === 1 ? one : many}`;
}

/** "12 training · 3 validation": the splits that have regions. */
export function splitsLine({ regions }: DatasetSummary): string {
  return SPLITS.filter((split) => regions[split] > 0)
    .map((split) => `${formatInteger(regions[split])} ${SPLIT_WORDS[split].toLowerCase()}`)
    .join(" · ");
}

/** How much of a region is taught as what. */
export interface Share {
  readonly name: string;
  /** Null for what is none of the classes. */
  readonly color: string | null;
  readonly ignored: boolean;
  /** 0 to 1, of all of the region's picture. */
  readonly share: number;
}

/** The classes in the data set's order, then what is of none of them and what is ignored. */
export function sharesOf({ pixels, size }: DatasetRegion, { classes }: Dataset): readonly Share[] {
  const [width, height] = size;
  const part = (count: number): number => count / (width * height);
  const named = classes.map(({ name, color }) => {
    return { name, color, ignored: false, share: part(pixels.classes[name] ?? 0) };
  });
  const others = [
    { name: "none of the classes", color: null, ignored: false, share: part(pixels.none) },
    { name: "ignored", color: null, ignored: true, share: part(pixels.ignored) },
  ];
  return [...named, ...others.filter(({ share }) => share > 0)];
}

/** "1200 × 800 px at 0.25 µm/px · 0.30 × 0.20 mm" */
export function extentWords({ size, mpp }: DatasetRegion): string {
  const [width, height] = size;
  const millimetres = [(width * mpp.x) / 1000, (height * mpp.y) / 1000]
    .map((side) => side.toPrecision(2))
    .join(" × ");
  return `${formatPixels(width, height)} at ${formatPitch(mpp.x, mpp.y)} µm/px · ${millimetres} mm`;
}
