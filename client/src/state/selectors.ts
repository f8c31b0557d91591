/** Questions to the state that more than one place asks. */
import type { Job, Model, ModelClass, PutAway, Run, SlideDetail } from "../api/types";
import { hasEnded } from "../model/jobs";
import { COMMON } from "../words/common";
import { SEGMENT } from "../words/segment";
import type { AppState } from "./state";

export function inArchive({ account }: AppState): boolean {
  return account.status === "ready" && account.value.mode === "dsa";
}

/** Nobody is signed in where somebody has to be. */
export function needsSignIn({ account }: AppState): boolean {
  return account.status === "ready" && account.value.mode === "dsa" && account.value.user === null;
}

/** Slides can be asked for. */
export function isIn(state: AppState): boolean {
  return state.account.status === "ready" && !needsSignIn(state);
}

/** Whether the reader may have a model retrained here. */
export function mayRetrain({ account }: AppState): boolean {
  return account.status === "ready" && account.value.retrains;
}

/** Whether the reader may see what models are trained on. */
export function maySeeDatasets({ account }: AppState): boolean {
  return account.status === "ready" && account.value.datasets;
}

export function openDetail(state: AppState): SlideDetail | null {
  const detail = state.slide?.detail;
  return detail?.status === "ready" ? detail.value : null;
}

/** The run that is chosen in the list, whether there is anything to show of it or not. */
export function chosenRun({ slide }: AppState): Run | null {
  return slide?.runs?.find(({ id }) => id === slide.runId) ?? null;
}

/** The run on show. */
export function selectedRun(state: AppState): Run | null {
  const run = chosenRun(state);
  return run && !putAway(state, run) ? run : null;
}

/** A job's record is ahead of what was read of its run. */
export function putAway(state: AppState, run: Run): PutAway | null {
  return (jobOfRun(state, run) ?? run).put_away ?? null;
}

export function chosenModel({ models, model }: AppState): Model | null {
  if (models.status !== "ready") return null;
  return models.value.find(({ reference }) => reference === model) ?? null;
}

export function activeJobs({ slide }: AppState): readonly Job[] {
  return (slide?.jobs ?? []).filter((job) => !hasEnded(job));
}

export function jobOfRun(state: AppState, run: Run): Job | null {
  return state.slide?.jobs.find((job) => job.id === run.job || job.run === run.id) ?? null;
}

/**
 * The job that the panel is about: one under way; else the newest, if it came to nothing; else the
 * one behind the run on show. None while a job is being asked for: the others are history then.
 */
export function shownJob(state: AppState): Job | null {
  if (state.submitting) return null;
  const active = activeJobs(state);
  const current = active.find((job) => job.state === "running") ?? active.at(-1);
  if (current) return current;
  const newest = state.slide?.jobs[0] ?? null;
  const run = chosenRun(state);
  return run && newest?.run ? jobOfRun(state, run) : newest;
}

/** The class whose probability is on show: the chosen one where the run has it. */
export function shownClass(state: AppState, run: Run): ModelClass | null {
  return run.classes.find(({ name }) => name === state.overlay.className) ?? run.classes[0] ?? null;
}

/** Classes that are to be seen, in the run's order. */
export function shownClasses(state: AppState, run: Run): readonly ModelClass[] {
  if (!state.overlay.visible) return [];
  // What a run is unsure of, it is unsure of in all its classes.
  if (state.overlay.mode === "uncertainty") return run.classes;
  if (state.overlay.mode === "probability") {
    const shown = shownClass(state, run);
    return shown ? [shown] : [];
  }
  return run.classes.filter(({ name }) => !state.overlay.hidden.includes(name));
}

/** Why *Segment* cannot be pressed; null when it can. */
export function segmentObstacle(state: AppState): string | null {
  const detail = openDetail(state);
  if (!detail) return SEGMENT.noSlide;
  if (!detail.editable) return SEGMENT.notAllowed;
  if (!detail.mpp && state.launch.options.slideMpp === null) return SEGMENT.noPixelSize;
  if (!chosenModel(state)) return COMMON.noModel;
  if (state.region.scope === "drawn" && !state.region.box) return SEGMENT.noRegion;
  return null;
}
