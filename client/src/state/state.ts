/** Everything the viewer knows, as one immutable value. */
import type {
  Account,
  AnnotationSummary,
  Dataset,
  DatasetList,
  Folder,
  Job,
  Model,
  Problem,
  Retraining,
  Run,
  SlideDetail,
  SlideSummary,
  Split,
} from "../api/types";
import type { Box } from "../model/box";
import type { Camera } from "../model/projection";
import type { Shape } from "../model/shapes";
import type { ComparisonState } from "./comparison";
import { type LaunchState, NOTHING_LAUNCHED } from "./launch";
import type { LearnState } from "./learn";

export type Loadable<T> =
  | { readonly status: "loading" }
  | { readonly status: "ready"; readonly value: T }
  | { readonly status: "failed"; readonly problem: Problem };

export type OverlayMode = "class" | "probability" | "uncertainty";

export interface OverlaySettings {
  readonly visible: boolean;
  readonly mode: OverlayMode;
  /** 0 to 1. */
  readonly opacity: number;
  /** 0.01 to 0.99. */
  readonly threshold: number;
  /** The class whose probability is shown; null for the run's first. */
  readonly className: string | null;
  /** Classes that the reader has switched off. */
  readonly hidden: readonly string[];
  readonly outlines: boolean;
}

export interface RegionChoice {
  readonly scope: "whole" | "drawn";
  readonly box: Box | null;
  /** The draw-rectangle tool is in hand. */
  readonly drawing: boolean;
}

export interface OpenSlide {
  readonly id: string;
  readonly detail: Loadable<SlideDetail>;
  /** Newest first. */
  readonly jobs: readonly Job[];
  /** Newest first; null until they were asked for. */
  readonly runs: readonly Run[] | null;
  readonly runId: string | null;
  /** By name. */
  readonly annotations: Loadable<readonly AnnotationSummary[]>;
  /** The shapes of the annotations on show, by id. */
  readonly drawn: Readonly<Record<string, readonly Shape[]>>;
  /** The annotations that are to be on show, whose shapes are on their way. */
  readonly awaited: readonly string[];
}

/** Where in an archive the reader stands, and what is searched for there. */
export interface Shelf {
  /** From the root, which is not in it. */
  readonly way: readonly Folder[];
  readonly folders: Loadable<readonly Folder[]>;
  readonly search: string;
}

/** What of the data sets is looked at. */
export interface DatasetPlace {
  /** Null for the newest, before anybody knows which that is. */
  readonly digest: string | null;
  /** Null for all of them. */
  readonly split: Split | null;
  /** By name; null for all of the data set. */
  readonly region: string | null;
}

export interface DatasetPage {
  readonly place: DatasetPlace;
  readonly list: Loadable<DatasetList>;
  readonly dataset: Loadable<Dataset>;
  /** The slide of the region on show, as it is now. */
  readonly slide: Loadable<SlideDetail>;
}

export interface SignIn {
  readonly busy: boolean;
  /** Why nobody came in at the last try, or is in no more. */
  readonly problem: Problem | null;
}

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly hint: string | null;
}

export interface AppState {
  readonly online: boolean;
  readonly account: Loadable<Account>;
  readonly signIn: SignIn;
  readonly shelf: Shelf;
  readonly slides: Loadable<readonly SlideSummary[]>;
  readonly models: Loadable<readonly Model[]>;
  /** The chosen model's reference; null until the models are known. */
  readonly model: string | null;
  /** The newest one, whoever has asked for it. */
  readonly retraining: Retraining | null;
  /** Lies over the stage; null while it is closed. */
  readonly datasets: DatasetPage | null;
  /** Lies over the stage, too; null while it is closed. */
  readonly learn: LearnState | null;
  readonly slide: OpenSlide | null;
  /** Null while the run on show is looked at alone. */
  readonly comparison: ComparisonState | null;
  readonly camera: Camera | null;
  /** The view is close enough for outlines to be traced. */
  readonly outlinesAvailable: boolean;
  readonly region: RegionChoice;
  /** A new run takes the place of what the same model has left in the archive. */
  readonly replace: boolean;
  readonly overlay: OverlaySettings;
  /** A job was asked for and the service has not answered yet. */
  readonly submitting: boolean;
  readonly launch: LaunchState;
  readonly toasts: readonly Toast[];
}

export const DEFAULT_OVERLAY: OverlaySettings = {
  visible: true,
  mode: "class",
  opacity: 0.5,
  threshold: 0.5,
  className: null,
  hidden: [],
  outlines: true,
};

export const NO_REGION: RegionChoice = { scope: "whole", box: null, drawing: false };

export const ROOT: Shelf = { way: [], folders: { status: "loading" }, search: "" };

export const INITIAL_STATE: AppState = {
  online: true,
  account: { status: "loading" },
  signIn: { busy: false, problem: null },
  shelf: ROOT,
  slides: { status: "loading" },
  models: { status: "loading" },
  model: null,
  retraining: null,
  datasets: null,
  learn: null,
  slide: null,
  comparison: null,
  camera: null,
  outlinesAvailable: false,
  region: NO_REGION,
  replace: false,
  overlay: DEFAULT_OVERLAY,
  submitting: false,
  launch: NOTHING_LAUNCHED,
  toasts: [],
};

/** Among what is drawn: the outline that is reviewed, which is no annotation of its own. */
export const REVIEWED = "review";
