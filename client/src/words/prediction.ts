/** How a prediction is shown, its classes, and the runs that it is one of. */
import type { Areas } from "../api/findings";
import type { Mpp } from "../api/types";

export const PREDICTION = {
  showAs: "Show the prediction as",
  probability: "Probability",
  uncertainty: "Uncertainty",
  threshold: "Threshold",
  opacity: "Opacity",
  outlines: "Outlines",
  zoomIn: "zoom in to see them",
  /** Under the colour scale. */
  probabilityScale: "probability",
  probabilityOf: (name: string) => `probability of ${name}`,
  sure: "sure",
  doubtful: "a coin's toss",
} as const;

const SHARE_OF: Readonly<Record<Areas["share_of"], string>> = {
  tissue: "tissue",
  region: "what was predicted",
};

const SCALE_CAVEATS: Readonly<Record<Mpp["source"], string>> = {
  metadata: "",
  user: "The pixel size was set by a person: all areas hang on it.",
  assumed: "The pixel size is assumed: all areas hang on it.",
};

export const LEGEND = {
  areas: "Classes, and area at threshold ± 0.1",
  smallFigures: (uncertainty: string) => `Small figures: ${uncertainty}`,
  aboutShares: (of: Areas["share_of"]) =>
    `Shares are of the ${SHARE_OF[of]}. The small figures are the same at thresholds 0.1 stricter and ` +
    "looser: what the model was undecided about, not how often it is wrong.",
  filesAt: (threshold: string) => `The run's files are at ${threshold}.`,
  scaleCaveats: SCALE_CAVEATS,
} as const;

export const RUNS = {
  title: "Runs",
  noSlide: "No slide is open.",
  loading: "Reading earlier runs…",
  none: "This slide has not been segmented yet.",
  putAway: "Put away",
  kept: "kept",
  compare: "Compare…",
  compareTitle: "Lay the run on show beside another one, or beside what a person drew",
  nothingToCompare:
    "There is nothing to compare with yet: segment again with another model, or draw",
} as const;
