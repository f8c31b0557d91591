/**
 * What happens when the reader asks for something or the service reports something: calls to the
 * service, and actions to the store. All decisions about the state itself are the reducer's.
 */
import type { Api } from "../api/client";
import { ProblemError } from "../api/http";
import type { Folder, Job, Retraining } from "../api/types";
import { type Box, intersection, rounded } from "../model/box";
import { hasEnded } from "../model/jobs";
import { type Camera, type Projection, viewBox } from "../model/projection";
import { Calls } from "./calls";
import type { Commands } from "./commands";
import { Connection } from "./connection";
import { debounce } from "./debounce";
import { Drawings } from "./drawings";
import { Entrance } from "./entrance";
import { type FollowerEvents, JobFollower } from "./jobFollower";
import type { Action, Restored } from "./reducer";
import { Retrainings } from "./retrainings";
import {
  activeJobs,
  chosenModel,
  inArchive,
  isIn,
  mayRetrain,
  openDetail,
  segmentObstacle,
} from "./selectors";
import { Shelves } from "./shelves";
import type { AppState } from "./state";
import type { Store } from "./store";
import type { Address } from "./url";

/** A view that is still moving is nobody's focus. */
const FOCUS_PAUSE_MS = 400;
const BARE_VIEW: Restored = { camera: null, runId: null, overlay: {} };
const NOWHERE: Address = { slide: null, camera: null, run: null, overlay: {} };

export class Session implements Commands {
  private readonly connection: Connection;
  private readonly calls: Calls;
  private readonly entrance: Entrance;
  private readonly shelves: Shelves;
  private readonly drawings: Drawings;
  private readonly retrainings: Retrainings;
  /** Where the reader wants to be, once they may. */
  private wanted = NOWHERE;
  private view: Box | null = null;
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
    this.calls = new Calls(store, {
      onUnreachable: () => void this.connection.check(),
      onSignedOut: () => this.leave(() => this.entrance.lost()),
    });
    this.connection = new Connection(api, store, () => this.resume());
    this.entrance = new Entrance(api, store, this.calls, () => void this.enter());
    this.shelves = new Shelves(api, store, this.calls);
    this.drawings = new Drawings(api, store, this.calls);
    this.retrainings = new Retrainings(api, store, this.calls, (one) => void this.retrained(one));
    new JobFollower(api, store, {
      onJob: (job) => this.jobReported(job),
      onTiles,
      onTrouble: () => void this.recover(),
    });
  }

  async start(address: Address): Promise<void> {
    this.wanted = address;
    this.connection.start();
    await this.entrance.identify();
  }

  signIn(login: string, password: string): void {
    void this.entrance.signIn(login, password);
  }

  signOut(): void {
    this.leave(() => void this.entrance.signOut());
  }

  identify(): void {
    void this.entrance.identify();
  }

  /** A tile or an outline could not be had; pictures do not say why. */
  trouble(error: unknown): void {
    if (error instanceof ProblemError) this.calls.explain(error);
    else void this.connection.check();
    if (error === null) this.entrance.recheck();
  }

  /** Back, forward, or an address typed by hand. */
  navigate(address: Address): void {
    const { slide, camera, run, overlay } = address;
    this.wanted = address;
    if (!isIn(this.store.state)) return;
    if (slide === null) this.store.dispatch({ type: "slideClosed" });
    else void this.open(slide, { camera, runId: run, overlay });
  }

  viewMoved(camera: Camera, projection: Projection): void {
    this.view = viewBox(projection);
    this.store.dispatch({ type: "cameraMoved", camera });
    this.sendFocus();
  }

  openFolder(way: readonly Folder[]): void {
    void this.shelves.open(way);
  }

  search(text: string): void {
    this.shelves.search(text);
  }

  refreshSlides(): void {
    void this.shelves.load();
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

  retrain(): void {
    const model = chosenModel(this.store.state);
    if (model) void this.retrainings.start(model.name);
  }

  cancelRetraining(job: string): void {
    void this.retrainings.cancel(job);
  }

  cancel(job: string): void {
    void this.calls.attempt(async () => {
      this.store.dispatch({ type: "jobChanged", job: await this.api.cancel(job) });
    });
  }

  retry(job: string): void {
    void this.calls.attempt(async () => {
      this.store.dispatch({ type: "jobChanged", job: await this.api.retry(job) });
    });
  }

  setReplace(replace: boolean): void {
    this.store.dispatch({ type: "replace", replace });
  }

  refreshAnnotations(): void {
    void this.drawings.refresh();
  }

  toggleAnnotation(id: string): void {
    void this.drawings.toggle(id);
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
    this.calls.dismissToast(id);
  }

  /** Somebody may look around: to where the address leads, or else to where one begins. */
  private async enter(): Promise<void> {
    this.onReturn();
    const models = this.loadModels();
    if (mayRetrain(this.store.state)) void this.retrainings.load();
    const { wanted } = this;
    if (wanted.slide !== null) this.navigate(wanted);
    // In an archive the slide says where it lies.
    if (wanted.slide === null || !inArchive(this.store.state)) await this.shelves.open([]);
    if (wanted.slide === null && !inArchive(this.store.state)) this.openFirst();
    await models;
  }

  /** Whoever comes in next comes back to this place. */
  private leave(go: () => void): void {
    const { slide, camera, overlay } = this.store.state;
    if (slide) this.wanted = { slide: slide.id, camera, run: slide.runId, overlay };
    go();
  }

  private async open(id: string, view: Restored): Promise<void> {
    this.store.dispatch({ type: "slideOpened", id, view });
    const detail = await this.calls.load(() => this.api.slide(id));
    this.store.dispatch({ type: "slideDetail", id, detail });
    // Whoever came by an address sees what lies beside the slide, or at least where to begin.
    if (inArchive(this.store.state) && this.store.state.slides.status === "loading") {
      void this.shelves.open(detail.status === "ready" ? detail.value.folders : []);
    }
    if (detail.status !== "ready") return;
    void this.drawings.refresh();
    await this.loadHistory(id);
  }

  private async loadHistory(slide: string): Promise<void> {
    await this.calls.attempt(async () => {
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

  private async loadModels(): Promise<void> {
    this.store.dispatch({ type: "models", models: await this.calls.load(() => this.api.models()) });
  }

  /** Whoever had the model's version before chosen goes on with the one that took its place. */
  private async retrained({ model, promoted, candidate }: Retraining): Promise<void> {
    const before = chosenModel(this.store.state)?.name;
    await this.loadModels();
    if (promoted && candidate && before === model) this.chooseModel(candidate);
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
    await this.calls.attempt(async () => {
      const job = await this.api.segment({
        slide: detail.id,
        model: state.model ?? "",
        threshold: state.overlay.threshold,
        ...(scope === "drawn" && box && { roi: box }),
        ...(focus && { focus }),
        ...(state.replace && { replace: true }),
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
    if (hasEnded(job)) void this.drawings.refresh();
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

  /** An event stream broke: is the service gone, or only the job? */
  private async recover(): Promise<void> {
    await this.connection.check();
    const { slide, online } = this.store.state;
    if (slide && online) await this.loadHistory(slide.id);
  }

  private resume(): void {
    if (!isIn(this.store.state)) {
      void this.entrance.identify();
      return;
    }
    this.onReturn();
    void this.shelves.load();
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
}
