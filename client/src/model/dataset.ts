/** What data sets and their regions mean to people. */
import type { Dataset, DatasetRegion, DatasetSummary, Split } from "../api/types";
import { COMMON } from "../words/common";
import { CONSENSUS, DATASET_REGION, DATASETS } from "../words/datasets";
import { formatInteger } from "../words/language";
import { UNITS } from "../words/units";
import { formatPitch, formatPixels } from "./format";

export const SPLITS: readonly Split[] = ["train", "valid", "test"];

export function consensusWords(method: string): string {
  return CONSENSUS[method] ?? method;
}

/** "12 training · 3 validation": the splits that have regions. */
export function splitsLine({ regions }: DatasetSummary): string {
  return SPLITS.filter((split) => regions[split] > 0)
    .map((split) => DATASETS.regionsOfSplit(formatInteger(regions[split]), split))
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
    { name: COMMON.noneOfClasses, color: null, ignored: false, share: part(pixels.none) },
    { name: DATASET_REGION.ignored, color: null, ignored: true, share: part(pixels.ignored) },
  ];
  return [...named, ...others.filter(({ share }) => share > 0)];
}

/** "1200 × 800 px at 0.25 µm/px · 0.30 × 0.20 mm" */
export function extentWords({ size, mpp }: DatasetRegion): string {
  const [width, height] = size;
  const millimetres = [(width * mpp.x) / 1000, (height * mpp.y) / 1000]
    .map((side) => side.toPrecision(2))
    .join(" × ");
  return DATASET_REGION.extent(
    formatPixels(width, height),
    UNITS.micrometresPerPixel(formatPitch(mpp.x, mpp.y)),
    UNITS.millimetres(millimetres),
  );
}
