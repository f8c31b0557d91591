/** The jobs and runs of the open slide: asked for, heard of, shown; what is looked at comes first. */
import type { Api } from "../api/client";
import type { Job } from "../api/types";
import { type Box, intersection, rounded } from "../model/box";
import { hasEnded } from "../model/jobs";
import type { Calls } from "./calls";
import { debounce } from "./debounce";
import { manner } from "./launcher";
import type { Action } from "./reducer";
import { activeJobs, openDetail, segmentObstacle } from "./selectors";
import type { AppState } from "./state";
import type { Store } from "./store";

/** A view that is still moving is nobody's focus. */
const FOCUS_PAUSE_MS = 400;

export class Segmentation {
  private view: Box | null = null;
  private readonly loadingRuns = new Set<string>();
  /** The job asked for in this tab: its run is shown as soon as there is one. */
  private ownJob: string | null = null;
  private readonly sendFocus = debounce(() => void this.focus(), FOCUS_PAUSE_MS);

  constructor(
    private readonly api: Api,
    private readonly store: Store<AppState, Action>,
    private readonly calls: Calls,
    /** What a job has left lies on the slide. */
    private readonly onEnded: () => void,
  ) {}

  async start(): Promise<void> {
    const { state } = this.store;
    const detail = openDetail(state);
    if (!detail || !state.model || segmentObstacle(state) || state.submitting) return;
    const { scope, box } = state.region;
    const focus = this.focusBox();
    this.store.dispatch({ type: "submitting", submitting: true });
    await this.calls.attempt(async () => {
      const job = await this.api.segment({
        slide: detail.id,
        model: state.model ?? "",
        threshold: state.overlay.threshold,
        ...(scope === "drawn" && box && { roi: box }),
        ...(focus && { focus }),
        ...(state.replace && { replace: true }),
        ...manner(state.launch.options),
      });
      this.ownJob = job.id;
      this.heard(job);
    });
    this.store.dispatch({ type: "submitting", submitting: false });
  }

  async cancel(job: string): Promise<void> {
    await this.calls.attempt(async () => {
      this.store.dispatch({ type: "jobChanged", job: await this.api.cancel(job) });
    });
  }

  async retry(job: string): Promise<void> {
    await this.calls.attempt(async () => {
      this.store.dispatch({ type: "jobChanged", job: await this.api.retry(job) });
    });
  }

  async keep(run: string, kept: boolean): Promise<void> {
    await this.calls.attempt(async () => {
      this.store.dispatch({ type: "runChanged", run: await this.api.keep(run, kept) });
    });
  }

  /** Everything that was ever asked for on a slide. */
  async loadHistory(slide: string): Promise<void> {
    await this.calls.attempt(async () => {
      const [jobs, runs] = await Promise.all([this.api.jobs(slide), this.api.runs(slide)]);
      this.store.dispatch({ type: "jobs", slide, jobs });
      this.store.dispatch({ type: "runs", slide, runs });
      this.selectDefaultRun();
    });
  }

  /** The service has told of a job. */
  heard(job: Job): void {
    this.store.dispatch({ type: "jobChanged", job });
    const { run } = job;
    if (run === null || this.loadingRuns.has(run)) return;
    const isKnown = this.store.state.slide?.runs?.some(({ id }) => id === run) ?? false;
    // A run that is over has a report.
    if (!isKnown || hasEnded(job)) void this.loadRun(run, job.id);
    if (hasEnded(job)) this.onEnded();
  }

  /** The reader looks at this part of the slide. */
  looksAt(view: Box): void {
    this.view = view;
    this.sendFocus();
  }

  /** The newest run, unless the address names one that exists. */
  private selectDefaultRun(): void {
    const { slide } = this.store.state;
    if (!slide?.runs || slide.runs.some(({ id }) => id === slide.runId)) return;
    this.store.dispatch({ type: "runSelected", runId: slide.runs[0]?.id ?? null });
  }

  private async loadRun(runId: string, jobId: string): Promise<void> {
    this.loadingRuns.add(runId);
    await this.calls.attempt(async () => {
      this.store.dispatch({ type: "runChanged", run: await this.api.run(runId) });
      if (this.ownJob !== jobId && this.store.state.slide?.runId) return;
      this.ownJob = null;
      this.store.dispatch({ type: "runSelected", runId });
    });
    this.loadingRuns.delete(runId);
  }

  private async focus(): Promise<void> {
    const box = this.focusBox();
    if (!box) return;
    for (const { id, state } of activeJobs(this.store.state)) {
      // Best effort: the job may have ended a moment ago, and the order is a courtesy anyway.
      if (state === "running") await this.api.focus(id, box).catch(() => undefined);
    }
  }

  private focusBox(): Box | null {
    const detail = openDetail(this.store.state);
    if (!detail || !this.view) return null;
    return intersection(rounded(this.view), [0, 0, detail.width, detail.height]);
  }
}
