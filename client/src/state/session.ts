/**
 * What happens when the reader asks for something or the service reports something: calls to the
 * service, and actions to the store. All decisions about the state itself are the reducer's.
 */
import type { AgreementApi } from "../api/agreement";
import type { Api } from "../api/client";
import { ProblemError } from "../api/http";
import type { LearnApi } from "../api/learn";
import type { ReviewApi } from "../api/review";
import type { ComparedWith, DatasetRegion, Folder, Retraining } from "../api/types";
import type { Box } from "../model/box";
import { type Camera, type Projection, viewBox } from "../model/projection";
import { Agreeing } from "./agreeing";
import { Calls } from "./calls";
import type { Commands } from "./commands";
import type { Comparison } from "./comparison";
import { Comparisons } from "./comparisons";
import { Connection } from "./connection";
import { Datasets } from "./datasets";
import { Drawings } from "./drawings";
import { Entrance } from "./entrance";
import { type FollowerEvents, JobFollower } from "./jobFollower";
import { Launcher } from "./launcher";
import { Learning } from "./learning";
import { Pages } from "./pages";
import type { Action, Restored } from "./reducer";
import { Retrainings } from "./retrainings";
import { Reviewing } from "./reviewing";
import { ReviewStage } from "./reviewStage";
import { Segmentation } from "./segmentation";
import { chosenModel, inArchive, isIn, mayRetrain } from "./selectors";
import { Shelves } from "./shelves";
import type { AppState, DatasetPlace } from "./state";
import type { Store } from "./store";
import type { Address } from "./url";

const BARE_VIEW: Restored = { camera: null, runId: null, overlay: {}, comparison: null };
/** What the session asks of the stage. */
export interface SessionEvents {
  readonly onTiles: FollowerEvents["onTiles"];
  /** The service is back: what could not be had may be asked for again. */
  readonly onReturn: () => void;
  /** From where all of a box of the slide is seen. */
  readonly cameraOn: (box: Box) => Camera;
  /** Goes to a box of the slide that is on the stage. */
  readonly lookAt: (box: Box) => void;
  /** The drawing tools open an annotation of the slide that is on the stage. */
  readonly onCorrect: (annotation: string) => void;
  /** The drawing tools are put away. */
  readonly onHandsOff: () => void;
}

export class Session implements Commands {
  readonly launch: Launcher;
  private readonly connection: Connection;
  private readonly calls: Calls;
  private readonly entrance: Entrance;
  private readonly shelves: Shelves;
  private readonly drawings: Drawings;
  private readonly segmentation: Segmentation;
  private readonly retrainings: Retrainings;
  private readonly datasets: Datasets;
  /** The pages about learning. */
  readonly learning: Learning;
  private readonly comparisons: Comparisons;
  readonly reviewing: Reviewing;
  readonly agreeing: Agreeing;
  private readonly pages: Pages;

  constructor(
    private readonly api: Api,
    learnApi: LearnApi & AgreementApi,
    reviewApi: ReviewApi,
    private readonly store: Store<AppState, Action>,
    private readonly events: SessionEvents,
  ) {
    this.calls = new Calls(store, {
      onUnreachable: () => void this.connection.check(),
      onSignedOut: () => {
        this.pages.remember();
        this.entrance.lost();
      },
    });
    this.connection = new Connection(api, store, () => this.resume());
    this.entrance = new Entrance(api, store, this.calls, () => void this.enter());
    this.shelves = new Shelves(api, store, this.calls);
    this.drawings = new Drawings(api, store, this.calls);
    this.segmentation = new Segmentation(
      api,
      store,
      this.calls,
      () => void this.drawings.refresh(),
    );
    this.retrainings = new Retrainings(api, store, this.calls, (one) => void this.retrained(one));
    this.datasets = new Datasets(api, store, this.calls);
    this.launch = new Launcher(api, store, this.calls, {
      onSegment: () => this.segment(),
      onGo: (slide, box) => this.goTo(slide, box),
      onQueue: () => this.pages.leave("launch"),
    });
    this.learning = new Learning(learnApi, store, this.calls, {
      onDataset: (digest) => this.openDatasets(digest),
      onOpen: () => this.pages.leave("learning"),
      onReview: (place) => this.reviewing.load(place),
      onAgreement: (place) => this.agreeing.load(place),
      onModels: () => this.loadModels(),
    });
    const { launch, datasets, learning } = this;
    this.pages = new Pages(store, { launch, datasets, learning }, () => this.finishDrawing(null));
    this.comparisons = new Comparisons(api, store, this.calls, (id) => this.toggleAnnotation(id));
    const review = new ReviewStage(api, reviewApi, store, this.calls, {
      onGo: (slide, box) => this.goTo(slide, box),
      onCorrect: events.onCorrect,
      onHandsOff: events.onHandsOff,
    });
    this.reviewing = new Reviewing(reviewApi, store, this.calls, {
      onQueue: (of) => this.learning.show({ page: "review", of }),
      onRegion: (region, queue) => void review.lookAt(region, queue),
      onFix: ({ slide }, annotation) => review.correct(slide.id, annotation),
      onDrawn: () => void this.drawings.refresh(),
    });
    this.agreeing = new Agreeing(learnApi, store, this.calls, {
      onReport: (of) => this.learning.show({ page: "agreement", of }),
      onGo: (slide, box) => {
        this.goTo(slide, box);
        this.finishDrawing(box);
        // Last, so that "back" leads from the slide to the report.
        this.learning.show(null);
      },
    });
    new JobFollower(api, store, {
      onJob: (job) => this.segmentation.heard(job),
      onTiles: events.onTiles,
      onTrouble: () => void this.recover(),
    });
  }

  async start(address: Address): Promise<void> {
    this.pages.wanted = address;
    this.connection.start();
    await this.entrance.identify();
  }

  signIn(login: string, password: string): void {
    void this.entrance.signIn(login, password);
  }

  signOut(): void {
    this.pages.remember();
    void this.entrance.signOut();
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
    const { slide, camera, run, overlay, comparison } = address;
    this.pages.wanted = address;
    const { state } = this.store;
    if (!isIn(state)) return;
    const isAbove = this.pages.concerns(address);
    this.pages.show(address);
    // The slide below a page stays as it is.
    if (isAbove && (slide === null || slide === state.slide?.id)) return;
    if (slide === null) this.store.dispatch({ type: "slideClosed" });
    else void this.open(slide, { camera, runId: run, overlay, comparison });
  }

  viewMoved(camera: Camera, projection: Projection): void {
    this.store.dispatch({ type: "cameraMoved", camera });
    this.segmentation.looksAt(viewBox(projection));
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
    this.pages.leave();
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
    void this.segmentation.start();
  }

  retrain(): void {
    const model = chosenModel(this.store.state);
    if (model) void this.retrainings.start(model.name);
  }

  openDatasets(digest: string | null): void {
    this.pages.openDatasets(digest);
  }

  changeDatasets(change: Partial<DatasetPlace>): void {
    this.datasets.change(change);
  }

  refreshDatasets(): void {
    void this.datasets.refresh();
  }

  leaveDatasets(): void {
    this.datasets.stepBack();
  }

  closeDatasets(): void {
    void this.datasets.show(null);
  }

  turnRegion(step: 1 | -1): void {
    this.datasets.turn(step);
  }

  goToRegion({ slide, box }: DatasetRegion): void {
    void this.open(slide.id, { ...BARE_VIEW, camera: this.events.cameraOn(box) });
    this.finishDrawing(box);
    // Last, so that "back" leads from the slide to the region, and to nowhere in between.
    this.closeDatasets();
  }

  /** Where the queue says that something is: a slide, or a place of it. */
  private goTo(slide: string, box: Box | null): void {
    const { state } = this.store;
    const isOpen = state.slide?.id === slide && state.slide.detail.status === "ready";
    // To open it anew would put away what one has in hand.
    if (isOpen && box) this.events.lookAt(box);
    else if (!isOpen) {
      void this.open(slide, { ...BARE_VIEW, camera: box && this.events.cameraOn(box) });
    }
  }

  cancelRetraining(job: string): void {
    void this.retrainings.cancel(job);
  }

  cancel(job: string): void {
    void this.segmentation.cancel(job);
  }

  retry(job: string): void {
    void this.segmentation.retry(job);
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

  keepRun(run: string, kept: boolean): void {
    void this.segmentation.keep(run, kept);
  }

  compare(other: ComparedWith | null): void {
    this.comparisons.start(other);
  }

  changeComparison(change: Partial<Comparison>): void {
    this.store.dispatch({ type: "comparisonChanged", change });
  }

  swapComparison(): void {
    this.comparisons.swap();
  }

  endComparison(): void {
    this.store.dispatch({ type: "comparison", comparison: null });
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
    this.events.onReturn();
    const models = this.loadModels();
    if (mayRetrain(this.store.state)) void this.retrainings.load();
    const { wanted } = this.pages;
    const { slide, dataset, learn, queue } = wanted;
    if (queue || [slide, dataset, learn].some((one) => one !== null)) this.navigate(wanted);
    // In an archive the slide says where it lies.
    if (wanted.slide === null || !inArchive(this.store.state)) await this.shelves.open([]);
    if (wanted.slide === null && !inArchive(this.store.state)) this.openFirst();
    await models;
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
    await this.segmentation.loadHistory(id);
  }

  private async loadModels(): Promise<void> {
    this.store.dispatch({ type: "models", models: await this.calls.load(() => this.api.models()) });
    this.learning.modelsKnown();
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
    if (first) void this.open(first.id, BARE_VIEW);
  }

  /** An event stream broke: is the service gone, or only the job? */
  private async recover(): Promise<void> {
    await this.connection.check();
    const { slide, online } = this.store.state;
    if (slide && online) await this.segmentation.loadHistory(slide.id);
  }

  private resume(): void {
    if (!isIn(this.store.state)) {
      void this.entrance.identify();
      return;
    }
    this.events.onReturn();
    void this.shelves.load();
    if (this.store.state.datasets) void this.datasets.refresh();
    if (mayRetrain(this.store.state)) void this.retrainings.load();
    const { models, slide } = this.store.state;
    if (models.status !== "ready") void this.loadModels();
    if (!slide) return;
    const { id, runId } = slide;
    if (slide.detail.status === "ready") void this.segmentation.loadHistory(id);
    else void this.open(id, { ...BARE_VIEW, camera: this.store.state.camera, runId });
  }
}
