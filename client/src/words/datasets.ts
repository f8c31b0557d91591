/** Data sets: what models are trained on. */
import type { Split } from "../api/types";

export const SPLIT_NAMES: Readonly<Record<Split, string>> = {
  train: "Training",
  valid: "Validation",
  test: "Test",
};

/** How several people's drawings became one, by the method's name. */
const newestReviewed = "newest reviewed drawing";
export const CONSENSUS: Readonly<Record<string, string>> = {
  newest: newestReviewed,
  reviewed: newestReviewed,
  majority: "majority vote",
  weighted: "weighted vote",
  "dawid-skene": "Dawid–Skene",
  staple: "STAPLE",
};

export const DATASETS = {
  title: "Data sets",
  note: "What the trainer sees",
  look: "Look for new data sets",
  loading: "Reading the data sets…",
  loadingOne: "Reading the data set…",
  none: "There are no data sets yet. Make one from annotations and keep it where the service looks:",
  command: "histoloop dataset build --source SLIDES --gtcodes GTCodes.csv --out HOME/datasets/NAME",
  aboutCommand:
    "SLIDES is the archive's address or a folder; HOME is the service's, ~/.histoloop where it was " +
    "not told another. What a model is retrained on appears here by itself.",
  splitBy: (what: string) => `split by ${what}`,
  regionsOf: "Regions of",
  /** "12 training": how many regions a split has. */
  regionsOfSplit: (count: string, split: Split) => `${count} ${SPLIT_NAMES[split].toLowerCase()}`,
} as const;

export const DATASET_LEGEND = {
  title: "Legend",
  drawn: (name: string) => `${name}, drawn by people`,
  byRule: (taught: string) => `nobody drew: ${taught}, by rule`,
  ignored: "ignored: teaches nothing",
  conflict: "annotators disagree",
} as const;

export const DATASET_REGION = {
  all: "All regions",
  unknown: (name: string | null) => `This data set has no region “${name}”.`,
  previous: "Previous region",
  next: "Next region",
  taughtOfIt: "What is taught of it",
  testedAgainst: "What models are tested against",
  taught: "What is taught",
  picture: (shares: string) => `The slide, and beside it what is taught: ${shares}`,
  ignored: "ignored",
  buildAgain: "Build the data set again, elsewhere: the same annotations give the same.",
  card: (split: Split, patient: string) => `${SPLIT_NAMES[split]} · patient ${patient}`,
  extent: (pixels: string, scale: string, millimetres: string) =>
    `${pixels} at ${scale} · ${millimetres}`,
  split: "Split",
  extentFact: "Extent",
  nobodyNamed: "nobody is named",
  consensus: "Consensus",
  correctedPixels: (pixels: string) => `${pixels} of a model's layer`,
  slideChanged:
    "The slide has changed since this data set was made. What lies here now may be something else.",
} as const;
