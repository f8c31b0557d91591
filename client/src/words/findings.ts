/** Where a region comes from, and what can be taken along. */
import type { DrawnFile, RunFile } from "../api/findings";

export const LINEAGE = {
  meanProbability: "mean probability",
  threshold: "threshold",
  model: "model",
  digest: "digest",
  madeFrom: "made from",
  predicted: "predicted",
  askedForBy: "asked for by",
  annotators: "annotators",
  trainingData: "training data",
  notRecorded: "not recorded",
  run: "run",
  annotation: "annotation",
  predictedBy: "predicted by",
  drawnBy: "drawn by",
  changed: "changed",
  noClass: "no class",
} as const;

type FileWords = Readonly<{ name: string; note: string }>;

const RUN_FILES: Readonly<Record<RunFile, FileWords>> = {
  "report.html": { name: "Report", note: "one page to print, as on show" },
  "annotation.geojson": { name: "Outlines for QuPath", note: "GeoJSON in base pixels" },
  "annotation.json": { name: "Outlines for a DSA", note: "annotation documents" },
  "mask.tiff": { name: "Class mask", note: "a pyramid of class codes" },
};

/** By the program that reads them. */
const DRAWN_FILES: Readonly<Record<DrawnFile, string>> = {
  "document.geojson": "QuPath",
  "document.json": "DSA",
};

export const EXPORT = {
  title: "Export",
  view: "This view",
  viewNote: "a PNG with its scale bar",
  moreWhenDone: "More once the run is done.",
  runFiles: RUN_FILES,
  drawnFiles: DRAWN_FILES,
} as const;
