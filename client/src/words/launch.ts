/** *Check first*: what a segmentation would be like before all of it is computed. */
import type { Precision, Runtime } from "../api/launch";
import type { Mpp, Priority } from "../api/types";
import { PIXEL_SIZE } from "./units";

const PRECISIONS: Readonly<Record<Precision, string>> = {
  fp32: "fp32: as the model was trained",
  int8: "int8: faster, refused where not as good",
};

const RUNTIMES: Readonly<Record<Runtime, string>> = {
  auto: "the fastest that is installed",
  openvino: "OpenVINO",
  tensorflow: "TensorFlow",
};

const SCALE_SOURCES: Readonly<Record<Mpp["source"], string>> = {
  metadata: "from the file",
  user: "given by you",
  assumed: PIXEL_SIZE.sources.assumed,
};

export const CHECK = {
  open: "Check first…",
  openTitle: "Scale, tissue, time and three sample tiles, before all of it is computed",
  title: (slide: string) => `Before segmenting ${slide}`,
  /** Below the card: with what model, on what. */
  plan: (model: string, part: string) => `${model}, on ${part}`,
  drawnRegion: "the drawn region",
  wholeSlide: "the whole slide",
  looking: "Looking",
  opening: "Opening the slide and looking for tissue…",

  resampling: "Resampling",
  tissue: "Tissue",
  tiles: "Tiles",
  time: "Time",
  disk: "Disk",
  modelScale: (scale: string) => `model: ${scale}`,
  slideScale: (scale: string, source: Mpp["source"]) => `${scale}, ${SCALE_SOURCES[source]}`,
  sameScale: "the same scale: nothing is resampled",
  shrunk: (times: string) => `shrunk ${times} times to the model's scale`,
  enlarged: (times: string) => `enlarged ${times} times: it shows no more than was scanned`,
  enlargedNotEnough: (times: string) =>
    `enlarged ${times} times, still coarser than the model's: it shows no more than was scanned`,
  ofTiles: (total: string) => `of ${total}; the rest is glass`,
  noGlass: "none is glass",
  measuring: "measuring…",
  notKnown: "not known yet",
  timeFromSamples: "from the sample tiles below, without getting ready",
  timeFromRuns: (runs: number, tiles: string) =>
    `from ${runs === 1 ? "one earlier run" : `${runs} earlier runs`} of this model here (${tiles} tiles)`,
  atMost: (size: string) => `at most ${size}`,
  free: (size: string) => `${size} free`,
  freeTooLittle: (size: string) => `${size} free: make room first`,

  samples: "Sample tiles",
  predictingSamples: "Predicting the sample tiles…",
  goThere: "Go there on the slide",
  goToSample: (number: number) => `Sample ${number}: go there on the slide`,
  sampleTissue: (number: number) => `Tissue of sample ${number}`,

  scaleWrong: "The slide's scale is wrong or unknown",
  beforePixelSize: "One pixel is",
  afterPixelSize: "µm",
  pixelSizeRange: "Give micrometres per pixel between 0.02 and 30.",
  usualPixelSizes: "40x scans have about 0.25, 20x 0.5. Leave it empty to believe the file.",

  advanced: "Advanced",
  precision: "Precision",
  runtime: "Runtime",
  precisions: PRECISIONS,
  runtimes: RUNTIMES,
} as const;

/** When a job that waits is computed. */
export const PRIORITIES: Readonly<Record<Priority, string>> = {
  high: "before the others",
  normal: "in its turn",
  low: "when nothing else waits",
};
