/** Going through a review queue: each word is kept by the service before it counts. */
import type { ReviewApi, ReviewRegion, Verdict } from "../api/review";
import type { Calls } from "./calls";
import { debounce } from "./debounce";
import type { LearnPlace } from "./learn";
import { isMaking, unlessGone } from "./making";
import type { Action } from "./reducer";
import {
  besides,
  currentRegion,
  NO_REVIEW,
  nextUnsaid,
  type ReviewState,
  withSaid,
} from "./review";
import type { AppState } from "./state";
import type { Store } from "./store";

const PAUSE_MS = 1500;

export interface ReviewEvents {
  /** The queue of this id is on show: the address says so. */
  readonly onQueue: (id: string) => void;
  /** A region is looked at, with what lies in it. */
  readonly onRegion: (region: ReviewRegion, queue: string) => void;
  /** A region is to be corrected, now that it is this annotation. */
  readonly onFix: (region: ReviewRegion, annotation: string) => void;
  /** Something was drawn on the open slide, or taken from it. */
  readonly onDrawn: () => void;
}

/** What the reader can ask for. */
export interface ReviewCommands {
  say(verdict: Verdict): void;
  turn(step: 1 | -1): void;
  goTo(number: number): void;
  make(): void;
  cancelMaking(): void;
}

export class Reviewing implements ReviewCommands {
  /** What was said goes to the service in the order in which it was said. */
  private kept: Promise<void> = Promise.resolve();
  private readonly lookAgain = debounce((place: LearnPlace) => {
    if (this.place === place) void this.load(place);
  }, PAUSE_MS);

  constructor(
    private readonly api: ReviewApi,
    private readonly store: Store<AppState, Action>,
    private readonly calls: Calls,
    private readonly events: ReviewEvents,
  ) {}

  async load(place: LearnPlace): Promise<void> {
    const known = this.review?.list;
    const list = unlessGone(await this.calls.load(() => this.api.queues()), known);
    this.change(place, { list });
    if (this.place === place && isMaking(list)) this.lookAgain(place);
    if (list.status !== "ready" || list === known) return;
    const first = list.value.queues[0];
    if (place.of === null) {
      if (first) this.events.onQueue(first.id);
      return;
    }
    const { of } = place;
    const heard = await this.calls.load(() => this.api.queue(of));
    const queue = withUnkept(heard, this.review?.queue);
    this.change(place, { queue });
    if (queue.status !== "ready") return;
    const { regions } = queue.value;
    const start = nextUnsaid(regions, 0) ?? regions[0];
    if (start && this.review?.at === null) this.goTo(start.number);
  }

  say(verdict: Verdict): void {
    const { place, review } = this;
    const region = review && currentRegion(review);
    if (!place?.of || !region || review?.queue.status !== "ready") return;
    const { of } = place;
    const queue = withSaid(review.queue.value, region.number, verdict);
    this.change(place, { queue: { status: "ready", value: queue } });
    const next = nextUnsaid(queue.regions, region.number);
    // What is to be fixed stays on show: it is corrected here and now.
    if (next && verdict !== "fix") this.goTo(next.number);
    this.kept = this.kept.then(() => this.keep(place, of, region.number, verdict));
  }

  turn(step: 1 | -1): void {
    const next = this.review && besides(this.review, step);
    if (next) this.goTo(next.number);
  }

  goTo(number: number): void {
    const { place } = this;
    if (!place?.of) return;
    this.change(place, { at: number });
    const region = this.review && currentRegion(this.review);
    if (region) this.events.onRegion(region, place.of);
  }

  make(): void {
    const { place } = this;
    if (!place) return;
    void this.calls.attempt(() => this.api.makeQueue()).then(() => this.load(place));
  }

  cancelMaking(): void {
    void this.calls.attempt(() => this.api.cancelQueue());
  }

  private async keep(
    place: LearnPlace,
    queue: string,
    number: number,
    verdict: Verdict,
  ): Promise<void> {
    let isKept = false;
    await this.calls.attempt(async () => {
      const { regions, gains } = await this.api.say(queue, number, verdict);
      isKept = true;
      this.merge(place, (known) => ({ ...known, gains, regions: merged(known.regions, regions) }));
      this.events.onDrawn();
      const said = regions.find((each) => each.number === number);
      // Whoever has gone on corrects it another time.
      const isHere = this.place === place && this.review?.at === number;
      if (verdict === "fix" && isHere && said?.annotation) this.events.onFix(said, said.annotation);
    });
    if (isKept || this.place !== place) return;
    // What could not be kept is asked for again, here and now.
    const found = await this.calls.load(() => this.api.queue(queue));
    if (found.status === "ready") {
      this.change(place, { queue: withUnkept(found, this.review?.queue) });
    }
    this.merge(place, (known) => ({ ...known, regions: unsaid(known.regions, number) }));
    this.goTo(number);
  }

  private merge(place: LearnPlace, how: (known: ReviewQueueValue) => ReviewQueueValue): void {
    const queue = this.review?.queue;
    if (queue?.status !== "ready") return;
    this.change(place, { queue: { status: "ready", value: how(queue.value) } });
  }

  private get place(): LearnPlace | null {
    const place = this.store.state.learn?.place;
    return place?.page === "review" ? place : null;
  }

  private get review(): ReviewState | null {
    return this.place && (this.store.state.learn?.review ?? null);
  }

  private change(place: LearnPlace, change: Partial<ReviewState>): void {
    const review = { ...(this.store.state.learn?.review ?? NO_REVIEW), ...change };
    this.store.dispatch({ type: "learned", place, change: { review } });
  }
}

type ReviewQueueValue = Extract<ReviewState["queue"], { status: "ready" }>["value"];

/** A queue that is read again, with what was said and is on its way. */
function withUnkept(
  heard: ReviewState["queue"],
  known: ReviewState["queue"] | undefined,
): ReviewState["queue"] {
  if (heard.status !== "ready" || known?.status !== "ready") return heard;
  if (heard.value.id !== known.value.id) return heard;
  const regions = merged(known.value.regions, heard.value.regions);
  return { status: "ready", value: { ...heard.value, regions } };
}

/** What was said since the service answered stays said. */
function merged(
  known: readonly ReviewRegion[],
  heard: readonly ReviewRegion[],
): readonly ReviewRegion[] {
  return heard.map((each) => {
    const ours = known.find(({ number }) => number === each.number);
    const waits = ours?.said?.at === "" && each.said?.verdict !== ours.said.verdict;
    return waits ? { ...each, said: ours.said } : each;
  });
}

function unsaid(regions: readonly ReviewRegion[], number: number): readonly ReviewRegion[] {
  return regions.map((each) =>
    each.number === number && each.said?.at === "" ? { ...each, said: null } : each,
  );
}
