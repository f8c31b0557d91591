/** All that can happen, and what the state is afterwards. Pure: no DOM, no time, no network. */
import type {
  Account,
  AnnotationSummary,
  Folder,
  Job,
  Model,
  Problem,
  Retraining,
  Run,
  SlideDetail,
  SlideSummary,
} from "../api/types";
import { withJob } from "../model/jobs";
import type { Camera } from "../model/projection";
import type { Shape } from "../model/shapes";
import {
  type Comparison,
  type ComparisonAction,
  reduceComparison,
  restoredComparison,
} from "./comparison";
import { type DatasetAction, reduceDatasets } from "./datasetPage";
import { type LaunchState, NOTHING_LAUNCHED, onAnotherSlide } from "./launch";
import { type LearnAction, reduceLearn } from "./learn";
import {
  type AppState,
  type Loadable,
  NO_REGION,
  type OpenSlide,
  type OverlaySettings,
  REVIEWED,
  type RegionChoice,
  ROOT,
  type SignIn,
  type Toast,
} from "./state";

export type Action =
  | DatasetAction
  | LearnAction
  | ComparisonAction
  | { readonly type: "connection"; readonly online: boolean }
  | { readonly type: "account"; readonly account: Loadable<Account> }
  | { readonly type: "signIn"; readonly change: Partial<SignIn> }
  /** Of one's own will, or for the reason that is given. */
  | { readonly type: "signedOut"; readonly problem?: Problem }
  | { readonly type: "shelf"; readonly way: readonly Folder[]; readonly search: string }
  | {
      readonly type: "slides";
      readonly slides: Loadable<readonly SlideSummary[]>;
      readonly folders: Loadable<readonly Folder[]>;
    }
  | { readonly type: "models"; readonly models: Loadable<readonly Model[]> }
  | { readonly type: "modelChosen"; readonly model: string }
  | { readonly type: "retraining"; readonly retraining: Retraining | null }
  | { readonly type: "slideOpened"; readonly id: string; readonly view: Restored }
  | { readonly type: "slideClosed" }
  | { readonly type: "slideDetail"; readonly id: string; readonly detail: Loadable<SlideDetail> }
  | { readonly type: "cameraMoved"; readonly camera: Camera }
  | { readonly type: "outlinesAvailable"; readonly available: boolean }
  | { readonly type: "jobs"; readonly slide: string; readonly jobs: readonly Job[] }
  | { readonly type: "jobChanged"; readonly job: Job }
  | { readonly type: "runs"; readonly slide: string; readonly runs: readonly Run[] }
  | { readonly type: "runChanged"; readonly run: Run }
  | { readonly type: "runSelected"; readonly runId: string | null }
  | {
      readonly type: "annotations";
      readonly slide: string;
      readonly annotations: Loadable<readonly AnnotationSummary[]>;
    }
  | {
      readonly type: "annotationDrawn";
      readonly slide: string;
      readonly id: string;
      readonly shapes: readonly Shape[];
    }
  | { readonly type: "annotationAwaited"; readonly id: string }
  | { readonly type: "annotationHidden"; readonly id: string }
  | { readonly type: "replace"; readonly replace: boolean }
  | { readonly type: "submitting"; readonly submitting: boolean }
  | { readonly type: "region"; readonly change: Partial<RegionChoice> }
  | { readonly type: "overlay"; readonly change: Partial<OverlaySettings> }
  | { readonly type: "classToggled"; readonly className: string }
  | { readonly type: "launch"; readonly change: Partial<LaunchState> }
  | { readonly type: "toast"; readonly toast: Toast }
  | { readonly type: "toastDismissed"; readonly id: number };

/** What an address may ask for when it opens a slide. */
export interface Restored {
  readonly camera: Camera | null;
  readonly runId: string | null;
  readonly overlay: Partial<OverlaySettings>;
  readonly comparison: Comparison | null;
}

export function reduce(state: AppState, action: Action): AppState {
  switch (action.type) {
    case "connection":
      return state.online === action.online ? state : { ...state, online: action.online };
    case "account":
    case "signIn":
    case "signedOut":
      return reduceAccount(state, action);
    case "shelf":
      return wentTo(state, action.way, action.search);
    case "slides":
      return {
        ...state,
        slides: action.slides,
        shelf: { ...state.shelf, folders: action.folders },
      };
    case "models":
      return { ...state, models: action.models, model: state.model ?? defaultModel(action.models) };
    case "modelChosen":
      return { ...state, model: action.model };
    case "retraining":
      return { ...state, retraining: action.retraining };
    case "datasetPlace":
    case "datasetList":
    case "dataset":
    case "datasetSlide":
      return { ...state, datasets: reduceDatasets(state.datasets, action) };
    case "learnPlace":
      return withoutReviewed({ ...state, learn: reduceLearn(state.learn, action) });
    case "learned":
      return { ...state, learn: reduceLearn(state.learn, action) };
    case "comparison":
    case "comparisonChanged":
    case "comparisonFigures":
      return { ...state, comparison: reduceComparison(state.comparison, action) };
    case "cameraMoved":
      return { ...state, camera: action.camera };
    case "outlinesAvailable":
      return state.outlinesAvailable === action.available
        ? state
        : { ...state, outlinesAvailable: action.available };
    case "replace":
      return { ...state, replace: action.replace };
    case "submitting":
      return { ...state, submitting: action.submitting };
    case "launch":
      return { ...state, launch: { ...state.launch, ...action.change } };
    case "region":
      return { ...state, region: { ...state.region, ...action.change } };
    case "toast":
      return { ...state, toasts: [...state.toasts.filter(unlike(action.toast)), action.toast] };
    case "toastDismissed":
      return { ...state, toasts: state.toasts.filter(({ id }) => id !== action.id) };
    case "overlay":
    case "classToggled":
      return { ...state, overlay: reduceOverlay(state.overlay, action) };
    default:
      return reduceSlide(state, action);
  }
}

type AccountAction = Extract<Action, { type: "account" | "signIn" | "signedOut" }>;

function reduceAccount(state: AppState, action: AccountAction): AppState {
  switch (action.type) {
    case "account":
      return { ...state, account: action.account };
    case "signIn":
      return { ...state, signIn: { ...state.signIn, ...action.change } };
    case "signedOut":
      return signedOut(state, action.problem ?? null);
  }
}

/** The next one at this screen may be somebody else: nothing stays but the place. */
function signedOut(state: AppState, problem: Problem | null): AppState {
  const { account } = state;
  if (account.status !== "ready") return state;
  return {
    ...state,
    account: { status: "ready", value: { ...account.value, user: null } },
    signIn: { busy: false, problem },
    shelf: ROOT,
    slides: { status: "loading" },
    datasets: null,
    learn: null,
    slide: null,
    comparison: null,
    retraining: null,
    region: NO_REGION,
    launch: NOTHING_LAUNCHED,
    toasts: [],
  };
}

/** Going somewhere else empties the list; typing on does not. */
function wentTo(state: AppState, way: readonly Folder[], search: string): AppState {
  if (way === state.shelf.way) return { ...state, shelf: { ...state.shelf, search } };
  return {
    ...state,
    shelf: { way, folders: { status: "loading" }, search },
    slides: { status: "loading" },
  };
}

type OverlayAction = Extract<Action, { type: "overlay" | "classToggled" }>;

function reduceOverlay(overlay: OverlaySettings, action: OverlayAction): OverlaySettings {
  if (action.type === "overlay") return { ...overlay, ...action.change };
  const { hidden } = overlay;
  const without = hidden.filter((name) => name !== action.className);
  const isHidden = without.length < hidden.length;
  return { ...overlay, hidden: isHidden ? without : [...hidden, action.className] };
}

type SlideAction = Extract<
  Action,
  {
    type:
      | "slideOpened"
      | "slideClosed"
      | "slideDetail"
      | "jobs"
      | "jobChanged"
      | "runs"
      | "runChanged"
      | "runSelected"
      | "annotations"
      | "annotationAwaited"
      | "annotationDrawn"
      | "annotationHidden";
  }
>;

function reduceSlide(state: AppState, action: SlideAction): AppState {
  if (action.type === "slideOpened") return opened(state, action.id, action.view);
  if (action.type === "slideClosed")
    return {
      ...state,
      slide: null,
      comparison: null,
      camera: null,
      launch: onAnotherSlide(state.launch),
    };
  const { slide } = state;
  // An answer may come after the reader went on to another slide: then it is nobody's.
  if (!slide || !concerns(action, slide.id)) return state;
  return { ...state, slide: changed(slide, action) };
}

function concerns(action: Exclude<SlideAction, { type: "slideOpened" }>, id: string): boolean {
  switch (action.type) {
    case "slideDetail":
      return action.id === id;
    case "jobs":
    case "runs":
    case "annotations":
    case "annotationDrawn":
      return action.slide === id;
    case "jobChanged":
      return action.job.slide === id;
    case "runChanged":
      return action.run.slide === id;
    default:
      return true;
  }
}

function changed(slide: OpenSlide, action: SlideAction): OpenSlide {
  switch (action.type) {
    case "slideDetail":
      return { ...slide, detail: action.detail };
    case "jobs":
      return { ...slide, jobs: refreshedJobs(slide.jobs, action.jobs) };
    case "jobChanged":
      return { ...slide, jobs: withJob(slide.jobs, action.job) };
    case "runs":
      return { ...slide, runs: action.runs };
    case "runChanged":
      return { ...slide, runs: withRun(slide.runs ?? [], action.run) };
    case "runSelected":
      return knows(slide, action.runId) ? { ...slide, runId: action.runId } : slide;
    case "annotations":
      return withAnnotations(slide, action.annotations);
    case "annotationAwaited":
      return { ...slide, awaited: [...slide.awaited, action.id] };
    case "annotationDrawn":
      return {
        ...hidden(slide, action.id),
        drawn: { ...slide.drawn, [action.id]: action.shapes },
      };
    case "annotationHidden":
      return hidden(slide, action.id);
    default:
      return slide;
  }
}

function hidden(slide: OpenSlide, id: string): OpenSlide {
  const awaited = slide.awaited.filter((each) => each !== id);
  return { ...slide, awaited, drawn: without(slide.drawn, [id]) };
}

/** What was changed or deleted since it was drawn is drawn no more. */
function withAnnotations(slide: OpenSlide, listed: OpenSlide["annotations"]): OpenSlide {
  if (listed.status !== "ready") {
    // A list that we have is better than the reason why there is no newer one.
    return slide.annotations.status === "ready" ? slide : { ...slide, annotations: listed };
  }
  const before = slide.annotations.status === "ready" ? slide.annotations.value : [];
  const stale = Object.keys(slide.drawn).filter(
    (id) =>
      before.find((each) => each.id === id)?.updated !==
      listed.value.find((each) => each.id === id)?.updated,
  );
  return { ...slide, annotations: listed, drawn: without(slide.drawn, stale) };
}

function without(drawn: OpenSlide["drawn"], ids: readonly string[]): OpenSlide["drawn"] {
  return Object.fromEntries(Object.entries(drawn).filter(([id]) => !ids.includes(id)));
}

/** The outline that is reviewed is part of the review, and goes with it. */
function withoutReviewed(state: AppState): AppState {
  const { slide, learn } = state;
  if (!slide || learn?.place.page === "review") return state;
  return { ...state, slide: { ...slide, drawn: without(slide.drawn, [REVIEWED]) } };
}

function opened(state: AppState, id: string, view: Restored): AppState {
  return {
    ...state,
    slide: {
      id,
      detail: { status: "loading" },
      jobs: [],
      runs: null,
      runId: view.runId,
      annotations: { status: "loading" },
      drawn: {},
      awaited: [],
    },
    comparison: restoredComparison(view.comparison),
    camera: view.camera,
    region: NO_REGION,
    launch: onAnotherSlide(state.launch),
    overlay: { ...state.overlay, ...view.overlay },
  };
}

/** The service's list says which jobs there are; events may know more about each of them. */
function refreshedJobs(known: readonly Job[], listed: readonly Job[]): readonly Job[] {
  const stillThere = known.filter(({ id }) => listed.some((job) => job.id === id));
  return listed.reduce(withJob, stillThere);
}

function knows(slide: OpenSlide, runId: string | null): boolean {
  return runId === null || (slide.runs ?? []).some(({ id }) => id === runId);
}

function withRun(runs: readonly Run[], run: Run): readonly Run[] {
  const known = runs.some(({ id }) => id === run.id);
  return known ? runs.map((each) => (each.id === run.id ? run : each)) : [run, ...runs];
}

function defaultModel(models: Loadable<readonly Model[]>): string | null {
  if (models.status !== "ready") return null;
  const { value } = models;
  return (value.find((model) => model.default) ?? value[0])?.reference ?? null;
}

/** The same trouble said twice is one toast, renewed. */
function unlike(toast: Toast): (other: Toast) => boolean {
  return (other) => other.text !== toast.text;
}
