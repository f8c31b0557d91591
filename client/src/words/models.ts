/** The page of the models: how good each version is, where it comes from, which is used. */
import type { ModelEvent } from "../api/learn";
import type { Split } from "../api/types";
import type { Parts } from "./language";

/** By the registry's tag. */
const TAGS: Readonly<Record<string, string>> = { active: "in use", candidate: "candidate" };

/** Between a version and who has decided it. */
const EVENTS: Readonly<Record<ModelEvent["what"], string>> = {
  added: "added",
  promoted: "promoted",
  kept: "kept out",
  "rolled back": "rolled back to",
};

/** How many patients a split has, and for what. */
const PATIENTS: Readonly<Record<Split, (count: number) => string>> = {
  train: (count) => `${count} to learn`,
  valid: (count) => `${count} to watch`,
  test: (count) => `${count} to test`,
};

/** No version at all. */
const none = "none";

export const MODELS = {
  title: "Models",
  note: "How good each version is",
  loadingOne: "Reading the model…",
  tags: TAGS,

  origin: "Where it comes from",
  gate: "What the gate said",
  figures: "How good it is",
  curves: "How it was trained",
  gallery: "Where it is most wrong",
  history: "Who decided what",

  forAdministrators: "Which version is used is for administrators of the archive to say.",
  use: (model: string) => `Use ${model}`,
  goBackTo: (model: string) => `Go back to ${model}`,
  /** A button that asks before it acts. */
  asks: (what: string) => `${what}…`,
  inUse: "Every new job uses it.",
  otherInUse: (model: string | null) => `New jobs use ${model ?? "no version"}.`,
  replaces: <T>(next: T, before: T): Parts<T> => [
    "Every new job, of everybody, will use ",
    next,
    " in the place of ",
    before,
    ". Results that are there stay as they are.",
  ],
  none,
  againstGate: "The gate has kept it out: this overrules the gate.",
  why: "Why",
  whyKept: "Kept in the history",

  notInRegistry: "Not in this registry",
  newWeights: "It was trained from new weights.",
  patients: PATIENTS,
  patientsLine: (counts: string) => `patients: ${counts}`,
  openDataset: "See what it was trained on",
  noDataset: "What it was trained on is no data set of this service.",

  noMistake: "It made no mistake on these slides.",
  galleryOrder: "The slide, what is true there, what the model says.",
  mistake: (number: number) => `Mistake ${number}: the slide, the truth, the prediction`,

  noHistory: "Nobody has changed anything yet.",
  /** `version` is set apart; `before` is null where nothing was used. */
  event: <T>(version: T, what: ModelEvent["what"], who: string): Parts<T> => [
    version,
    ` ${EVENTS[what]} by ${who}`,
  ],
  inPlaceOf: (before: string | null) => ` in the place of ${before ?? none}`,
} as const;

export const GATE = {
  notAsked: (model: string) =>
    `The gate was not asked about ${model}: it speaks about versions that come out of a retraining.`,
  margin: (dice: number) => `a class may lose ${dice} Dice on the locked test`,
  difference: "Difference",
  interval: "95 % of it",
  patients: "Patients",
  tooFewPatients: "too few patients",
} as const;

export const EVALUATION = {
  limited:
    "Figures by slide are for administrators of the archive: they name slides of every folder.",
  none: (model: string) =>
    `Nobody has evaluated ${model} here. The gate does, of every retraining; or do it yourself:`,
  command: (model: string, name: string, version: number) =>
    `histoloop evaluate --model ${model} --data DATA --out HOME/registry/${name}/evaluation/${version}`,
  extent: (slides: string, patients: string) => `${slides} of ${patients}`,
  meanBySlide: "Mean by slide",
  worstSlide: "Worst slide",
  againstOthers: (people: string) => `${people} against the others`,
  people: (agreement: string) =>
    `People: how well people agree with each other (${agreement}). With this truth no model can be shown to do better.`,
  peopleUnknown: "How well people agree is not known here: the page Agreement finds out.",
  seenInTraining: "seen in training",
} as const;

export const CURVES = {
  loading: "Reading the curves…",
  none: "The model’s folder has no history.json: it came without its training curves.",
  loss: "Loss",
  dice: "Dice on the validation pictures",
  atEnd: (title: string, figures: string) => `${title}, at the end: ${figures}`,
  epoch: (number: number) => `epoch ${number}`,
  training: "training",
  validation: "validation",
  accuracy: "accuracy",
} as const;
