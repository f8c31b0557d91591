/**
 * What happens when the reader asks for something or the service reports something: calls to the
 * service, and actions to the store. All decisions about the state itself are the reducer's.
 */
import type { Api } from "../api/client";
import { isAbort, ProblemError, UnreachableError } from "../api/http";
import type { Job, Problem } from "../api/types";
import { type Box, intersection, rounded } from "../model/box";
import { hasEnded } from "../model/jobs";
import { type Camera, type Projection, viewBox } from "../model/projection";
import type { Commands } from "./commands";
import { Connection } from "./connection";
import { debounce } from "./debounce";
import { type FollowerEvents, JobFollower } from "./jobFollower";
import type { Action, Restored } from "./reducer";
import { activeJobs, openDetail, segmentObstacle } from "./selectors";
import type { AppState, Loadable } from "./state";
import type { Store } from "./store";
import type { Address } from "./url";

/** A view that is still moving is nobody's focus. */
const FOCUS_PAUSE_MS = 400;
const TOAST_MS = 9000;
const BARE_VIEW: Restored = { camera: null, runId: null, overlay: {} };

export class Session implements Commands {
  readonly connection: Connection;
  private view: Box | null = null;
  private toasts = 0;
  private readonly loadingRuns = new Set<string>();
  /** The job asked for in this tab: its run is shown as soon as there is one. */
  private ownJob: string | null = null;
  private readonly sendFocus = debounce(() => void this.focus(), FOCUS_PAUSE_MS);

  constructor(
    private readonly api: Api,
    private readonly store: Store<AppState, Action>,
    onTiles: FollowerEvents["onTiles"],
    private readonly onReturn: () => void,
  ) {
    this.connection = new Connection(api, store, () => this.resume());
    new JobFollower(api, store, {
      onJob: (job) => this.jobReported(job),
      onTiles,
      onTrouble: () => void this.recover(),
    });
  }

  async start(address: Address): Promise<void> {
    this.connection.start();
    const models = this.loadModels();
    if (address.slide !== null) this.navigate(address);
    await this.loadSlides();
    if (address.slide === null) this.openFirst();
    await models;
  }

  /** Back, forward, or an address typed by hand. */
  navigate({ slide, camera, run, overlay }: Address): void {
    if (slide === null) this.store.dispatch({ type: "slideClosed" });
    else void this.open(slide, { camera, runId: run, overlay });
  }

  viewMoved(camera: Camera, projection: Projection): void {
    this.view = viewBox(projection);
    this.store.dispatch({ type: "cameraMoved", camera });
    this.sendFocus();
  }

  refreshSlides(): void {
    void this.loadSlides();
  }

  openSlide(id: string): void {
    if (this.store.state.slide?.id !== id) void this.open(id, BARE_VIEW);
  }

  chooseModel(model: string): void {
    this.store.dispatch({ type: "modelChosen", model });
  }

  setScope(scope: AppState["region"]["scope"]): void {
    const { box } = this.store.state.region;
    // "Drawn region" without one means: let me draw it.
    const drawing = scope === "drawn" && box === null;
    this.store.dispatch({ type: "region", change: { scope, drawing } });
  }

  startDrawing(): void {
    this.store.dispatch({ type: "region", change: { scope: "drawn", drawing: true } });
  }

  finishDrawing(box: Box | null): void {
    const kept = box ?? this.store.state.region.box;
    const scope = kept ? "drawn" : "whole";
    this.store.dispatch({ type: "region", change: { scope, box: kept, drawing: false } });
  }

  clearRegion(): void {
    const change = { scope: "whole", box: null, drawing: false } as const;
    this.store.dispatch({ type: "region", change });
  }

  segment(): void {
    void this.submit();
  }

  cancel(job: string): void {
    void this.attempt(async () => {
      this.store.dispatch({ type: "jobChanged", job: await this.api.cancel(job) });
    });
  }

  selectRun(runId: string): void {
    this.store.dispatch({ type: "runSelected", runId });
  }

  adjustOverlay(change: Partial<AppState["overlay"]>): void {
    this.store.dispatch({ type: "overlay", change });
  }

  toggleClass(className: string): void {
    this.store.dispatch({ type: "classToggled", className });
  }

  dismissToast(id: number): void {
    this.store.dispatch({ type: "toastDismissed", id });
  }

  private async open(id: string, view: Restored): Promise<void> {
    this.store.dispatch({ type: "slideOpened", id, view });
    const detail = await this.load(() => this.api.slide(id));
    this.store.dispatch({ type: "slideDetail", id, detail });
    if (detail.status === "ready") await this.loadHistory(id);
  }

  private async loadHistory(slide: string): Promise<void> {
    await this.attempt(async () => {
      const [jobs, runs] = await Promise.all([this.api.jobs(slide), this.api.runs(slide)]);
      this.store.dispatch({ type: "jobs", slide, jobs });
      this.store.dispatch({ type: "runs", slide, runs });
      this.selectDefaultRun();
    });
  }

  /** The newest run, unless the address names one that exists. */
  private selectDefaultRun(): void {
    const { slide } = this.store.state;
    if (!slide?.runs || slide.runs.some(({ id }) => id === slide.runId)) return;
    this.store.dispatch({ type: "runSelected", runId: slide.runs[0]?.id ?? null });
  }

  private async loadSlides(): Promise<void> {
    const slides = await this.load(() => this.api.slides());
    // A list that we have is better than the reason why there is no newer one.
    if (slides.status === "failed" && this.store.state.slides.status === "ready") return;
    this.store.dispatch({ type: "slides", slides });
  }

  private async loadModels(): Promise<void> {
    this.store.dispatch({ type: "models", models: await this.load(() => this.api.models()) });
  }

  private openFirst(): void {
    const { slides, slide } = this.store.state;
    if (slide || slides.status !== "ready") return;
    const first = slides.value.find(({ problem }) => problem === null);
    if (first) this.openSlide(first.id);
  }

  private async submit(): Promise<void> {
    const { state } = this.store;
    const detail = openDetail(state);
    if (!detail || !state.model || segmentObstacle(state) || state.submitting) return;
    const { scope, box } = state.region;
    const focus = this.focusBox();
    this.store.dispatch({ type: "submitting", submitting: true });
    await this.attempt(async () => {
      const job = await this.api.segment({
        slide: detail.id,
        model: state.model ?? "",
        threshold: state.overlay.threshold,
        ...(scope === "drawn" && box && { roi: box }),
        ...(focus && { focus }),
      });
      this.ownJob = job.id;
      this.jobReported(job);
    });
    this.store.dispatch({ type: "submitting", submitting: false });
  }

  private jobReported(job: Job): void {
    this.store.dispatch({ type: "jobChanged", job });
    const { run } = job;
    if (run === null || this.loadingRuns.has(run)) return;
    const isKnown = this.store.state.slide?.runs?.some(({ id }) => id === run) ?? false;
    // A run that is over has a report.
    if (!isKnown || hasEnded(job)) void this.loadRun(run, job.id);
  }

  private async loadRun(runId: string, jobId: string): Promise<void> {
    this.loadingRuns.add(runId);
    await this.attempt(async () => {
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

  /** An event stream broke: is the service gone, or only the job? */
  private async recover(): Promise<void> {
    await this.connection.check();
    const { slide, online } = this.store.state;
    if (slide && online) await this.loadHistory(slide.id);
  }

  private resume(): void {
    this.onReturn();
    void this.loadSlides();
    const { models, slide } = this.store.state;
    if (models.status !== "ready") void this.loadModels();
    if (!slide) return;
    if (slide.detail.status === "ready") void this.loadHistory(slide.id);
    else
      this.navigate({
        slide: slide.id,
        camera: this.store.state.camera,
        run: slide.runId,
        overlay: {},
      });
  }

  private async load<T>(call: () => Promise<T>): Promise<Loadable<T>> {
    try {
      return { status: "ready", value: await call() };
    } catch (error) {
      return { status: "failed", problem: this.explain(error) };
    }
  }

  private async attempt(call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      if (isAbort(error)) return;
      const { detail, hint } = this.explain(error);
      if (!(error instanceof UnreachableError)) this.toast(detail, hint);
    }
  }

  private explain(error: unknown): Problem {
    if (error instanceof ProblemError) return error.problem;
    if (!(error instanceof UnreachableError)) throw error;
    // The banner says it, once; a toast for every failed call would only repeat it.
    void this.connection.check();
    const title = "The service does not answer";
    return { title, status: 0, detail: `${title}.`, hint: "Trying again…" };
  }

  private toast(text: string, hint: string | null): void {
    const id = ++this.toasts;
    this.store.dispatch({ type: "toast", toast: { id, text, hint } });
    setTimeout(() => this.dismissToast(id), TOAST_MS);
  }
}
