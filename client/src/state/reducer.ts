/** All that can happen, and what the state is afterwards. Pure: no DOM, no time, no network. */
import type { Job, Model, Run, SlideDetail, SlideSummary } from "../api/types";
import { withJob } from "../model/jobs";
import type { Camera } from "../model/projection";
import {
  type AppState,
  type Loadable,
  NO_REGION,
  type OpenSlide,
  type OverlaySettings,
  type RegionChoice,
  type Toast,
} from "./state";

export type Action =
  | { readonly type: "connection"; readonly online: boolean }
  | { readonly type: "slides"; readonly slides: Loadable<readonly SlideSummary[]> }
  | { readonly type: "models"; readonly models: Loadable<readonly Model[]> }
  | { readonly type: "modelChosen"; readonly model: string }
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
  | { readonly type: "submitting"; readonly submitting: boolean }
  | { readonly type: "region"; readonly change: Partial<RegionChoice> }
  | { readonly type: "overlay"; readonly change: Partial<OverlaySettings> }
  | { readonly type: "classToggled"; readonly className: string }
  | { readonly type: "toast"; readonly toast: Toast }
  | { readonly type: "toastDismissed"; readonly id: number };

/** What an address may ask for when it opens a slide. */
export interface Restored {
  readonly camera: Camera | null;
  readonly runId: string | null;
  readonly overlay: Partial<OverlaySettings>;
}

export function reduce(state: AppState, action: Action): AppState {
  switch (action.type) {
    case "connection":
      return state.online === action.online ? state : { ...state, online: action.online };
    case "slides":
      return { ...state, slides: action.slides };
    case "models":
      return { ...state, models: action.models, model: state.model ?? defaultModel(action.models) };
    case "modelChosen":
      return { ...state, model: action.model };
    case "cameraMoved":
      return { ...state, camera: action.camera };
    case "outlinesAvailable":
      return state.outlinesAvailable === action.available
        ? state
        : { ...state, outlinesAvailable: action.available };
    case "submitting":
      return { ...state, submitting: action.submitting };
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
      | "runSelected";
  }
>;

function reduceSlide(state: AppState, action: SlideAction): AppState {
  if (action.type === "slideOpened") return opened(state, action.id, action.view);
  if (action.type === "slideClosed") return { ...state, slide: null, camera: null };
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
    default:
      return slide;
  }
}

function opened(state: AppState, id: string, view: Restored): AppState {
  return {
    ...state,
    slide: { id, detail: { status: "loading" }, jobs: [], runs: null, runId: view.runId },
    camera: view.camera,
    region: NO_REGION,
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
