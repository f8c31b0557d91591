/** What is said in more than one place of the screen. */
import { plural } from "./language";

export const COMMON = {
  product: "HistoLoop",

  cancel: "Cancel",
  close: "Close",
  closeByKey: "Close (Esc)",
  dismiss: "Dismiss",
  lookAgain: "Look again",
  openPicture: "Open the picture in full size",
  openSlideHere: "Open the slide here",
  show: "Show",
  tryAgain: "Try again",

  comparing: "Comparing…",
  progress: "Progress",
  loadingModels: "Reading the models…",
  loadingThem: "Reading them…",
  noModel: "There is no model to segment with.",
  nobodyNamed: "nobody named",
  noneOfClasses: "none of the classes",
  onServiceMachine: "Or on the machine of the service:",
  pictureGone: "The picture is not there any more.",
  pixelSizeUnknown: "pixel size unknown",
  partOnly: "region",

  all: "All",
  annotators: "Annotators",
  class: "Class",
  classes: "Classes",
  dice: "Dice",
  model: "Model",
  corrected: "Corrected",
  patient: "Patient",
  people: "People",
  prediction: "Prediction",
  region: "Region",
  regions: "Regions",
  slide: "Slide",
  wholeSlide: "Whole slide",

  /** Of an annotation or a verdict. */
  by: (who: string) => `by ${who}`,
  drawnBy: (who: string) => `drawn by ${who}`,
  today: (clock: string) => `today ${clock}`,
  dayAndTime: (day: string, clock: string) => `${day}, ${clock}`,
  /** Between two figures. */
  range: (low: string, high: string) => `${low} to ${high}`,
  /** Of a model. */
  version: (name: string, version: string) => `${name} · version ${version}`,
} as const;

export const COUNTS = {
  annotators: (count: number) => plural(count, "annotator"),
  elements: (count: number) => plural(count, "element"),
  epochs: (count: number) => plural(count, "epoch"),
  oddities: (count: number) => `${plural(count, "oddity", "oddities")} of the annotations`,
  patients: (count: number) => plural(count, "patient"),
  people: (count: number) => plural(count, "person", "people"),
  regions: (count: number) => plural(count, "region"),
  slides: (count: number) => plural(count, "slide"),
} as const;
