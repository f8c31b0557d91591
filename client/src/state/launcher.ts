/** Checks a slide before it is segmented, asks for several, and watches the queue. */
import type { Api } from "../api/client";
import type { Manner, Refused } from "../api/launch";
import type { Job, Priority } from "../api/types";
import type { Box } from "../model/box";
import { hasEnded } from "../model/jobs";
import type { Calls } from "./calls";
import {
  type LaunchOptions,
  type LaunchState,
  NO_SELECTION,
  type Selection,
  sound,
  toggled,
} from "./launch";
import type { Action } from "./reducer";
import { openDetail } from "./selectors";
import type { AppState } from "./state";
import type { Store } from "./store";

const SAMPLES_PAUSE_MS = 700;
const BUSY_PAUSE_MS = 1500;
const IDLE_PAUSE_MS = 8000;
/** Asked for in one request: each is opened before the service answers. */
const AT_A_TIME = 10;

/** What the reader can ask for here. */
export interface LaunchCommands {
  /** Opens the card of the open slide, and looks again where it is open. */
  check(): void;
  closeCheck(): void;
  adjust(change: Partial<LaunchOptions>): void;
  overlay(overlaid: boolean): void;
  /** Segments the slide that was checked. */
  segmentChecked(): void;
  /** Begins to choose several slides, or ends it. */
  choose(isChoosing: boolean): void;
  select(slide: string, isRange: boolean): void;
  selectAll(): void;
  selectNone(): void;
  segmentSelection(): void;
  showQueue(isShown: boolean): void;
  cancel(job: string): void;
  retry(job: string): void;
  setPriority(job: string, priority: Priority): void;
  /** Opens the slide, at a place of it or as a whole. */
  goTo(slide: string, box: Box | null): void;
}

export interface LaunchEvents {
  readonly onSegment: () => void;
  readonly onGo: (slide: string, box: Box | null) => void;
  /** The queue is opened. */
  readonly onQueue: () => void;
}

/** As requests have it: what is as usual is left out. */
export function manner({ precision, runtime, slideMpp }: LaunchOptions): Manner {
  return {
    ...(precision !== "fp32" && { precision }),
    ...(runtime !== "auto" && { runtime }),
    ...(slideMpp !== null && { slide_mpp: slideMpp }),
  };
}

export class Launcher implements LaunchCommands {
  /** Answers may come after the reader has asked for something else. */
  private checked = 0;
  private watching: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly api: Api,
    private readonly store: Store<AppState, Action>,
    private readonly calls: Calls,
    private readonly events: LaunchEvents,
  ) {}

  check(): void {
    void this.look();
  }

  closeCheck(): void {
    this.checked += 1;
    this.change({ check: null });
  }

  adjust(change: Partial<LaunchOptions>): void {
    this.change({ options: { ...this.state.options, ...change } });
    if (this.state.check) void this.look();
  }

  overlay(overlaid: boolean): void {
    this.change({ overlaid });
  }

  segmentChecked(): void {
    this.closeCheck();
    this.events.onSegment();
  }

  choose(isChoosing: boolean): void {
    this.change({ selection: isChoosing ? NO_SELECTION : null });
  }

  select(slide: string, isRange: boolean): void {
    const { slides, slide: open } = this.store.state;
    if (slides.status !== "ready") return;
    // Whoever begins with a range means: from the slide that is open.
    const start = { ...NO_SELECTION, anchor: open?.id ?? null };
    const selection = toggled(this.state.selection ?? start, slide, isRange, slides.value);
    this.change({ selection });
  }

  selectAll(): void {
    const { slides } = this.store.state;
    if (slides.status !== "ready") return;
    const before = this.state.selection?.slides ?? [];
    const more = sound(slides.value).filter((id) => !before.includes(id));
    this.change({ selection: { ...NO_SELECTION, slides: [...before, ...more] } });
  }

  selectNone(): void {
    this.change({ selection: NO_SELECTION });
  }

  segmentSelection(): void {
    const { selection } = this.state;
    if (selection && selection.slides.length > 0 && selection.sent === null) {
      void this.sendAll(selection);
    }
  }

  showQueue(isShown: boolean): void {
    if (isShown === (this.state.queue !== null)) return;
    if (isShown) this.events.onQueue();
    this.change({ queue: isShown ? { jobs: { status: "loading" }, refused: [] } : null });
    if (this.watching !== null) clearTimeout(this.watching);
    this.watching = null;
    if (isShown) void this.watch();
  }

  cancel(job: string): void {
    void this.calls.attempt(async () => this.heard(await this.api.cancel(job)));
  }

  retry(job: string): void {
    void this.calls.attempt(async () => this.heard(await this.api.retry(job)));
  }

  setPriority(job: string, priority: Priority): void {
    void this.calls.attempt(async () => this.heard(await this.api.setPriority(job, priority)));
  }

  goTo(slide: string, box: Box | null): void {
    this.closeCheck();
    this.events.onGo(slide, box);
    this.showQueue(false);
  }

  private get state(): LaunchState {
    return this.store.state.launch;
  }

  private change(change: Partial<LaunchState>): void {
    this.store.dispatch({ type: "launch", change });
  }

  private async look(): Promise<void> {
    const { state } = this.store;
    const detail = openDetail(state);
    if (!detail || !state.model) return;
    const { model, region, overlay, launch } = state;
    const number = ++this.checked;
    this.change({ check: { status: "loading" } });
    const found = await this.calls.load(() =>
      this.api.preflight({
        slide: detail.id,
        model,
        threshold: overlay.threshold,
        ...(region.scope === "drawn" && region.box && { roi: region.box }),
        ...manner(launch.options),
      }),
    );
    if (!this.isAwaited(number)) return;
    this.change({ check: found });
    if (found.status === "ready") await this.awaitSamples(found.value.id, number);
  }

  private async awaitSamples(id: string, number: number): Promise<void> {
    for (;;) {
      const { check } = this.state;
      if (check?.status !== "ready" || check.value.samples.state !== "running") return;
      await new Promise((resolve) => setTimeout(resolve, SAMPLES_PAUSE_MS));
      if (!this.isAwaited(number)) return;
      const found = await this.calls.load(() => this.api.preflightAgain(id));
      if (!this.isAwaited(number)) return;
      this.change({ check: found });
    }
  }

  /** Nothing else was asked for since, and neither the card nor its slide was put away. */
  private isAwaited(number: number): boolean {
    return number === this.checked && this.state.check !== null;
  }

  private async sendAll(selection: Selection): Promise<void> {
    const { model, overlay, replace, launch } = this.store.state;
    if (!model) return;
    const { slide_mpp: _own, ...how } = manner(launch.options);
    const refused: Refused[] = [];
    await this.calls.attempt(async () => {
      for (let sent = 0; sent < selection.slides.length; sent += AT_A_TIME) {
        this.change({ selection: { ...selection, sent } });
        const slides = selection.slides.slice(sent, sent + AT_A_TIME);
        const request = { slides, model, threshold: overlay.threshold, ...how };
        const answer = await this.api.segmentAll({ ...request, ...(replace && { replace }) });
        refused.push(...answer.refused);
        for (const job of answer.jobs) this.store.dispatch({ type: "jobChanged", job });
      }
      this.change({ selection: null });
      this.showQueue(true);
      const { queue } = this.state;
      if (queue) this.change({ queue: { ...queue, refused } });
    });
    if (this.state.selection) this.change({ selection: { ...selection, sent: null } });
  }

  private async watch(): Promise<void> {
    const jobs = await this.calls.load(() => this.api.queue());
    const { queue } = this.state;
    if (!queue) return;
    // A list that we have is better than the reason why there is no newer one.
    const kept = jobs.status === "failed" && queue.jobs.status === "ready";
    if (!kept) this.change({ queue: { ...queue, jobs } });
    const busy = jobs.status === "ready" && jobs.value.some((job) => !hasEnded(job));
    if (this.watching !== null) clearTimeout(this.watching);
    this.watching = setTimeout(() => void this.watch(), busy ? BUSY_PAUSE_MS : IDLE_PAUSE_MS);
  }

  private heard(job: Job): void {
    this.store.dispatch({ type: "jobChanged", job });
    if (this.state.queue) void this.watch();
  }
}
