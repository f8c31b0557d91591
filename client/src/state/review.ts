/** What the review of a queue shows, after all that can happen to it. Pure. */
import type { QueueList, ReviewQueue, ReviewRegion, Verdict } from "../api/review";
import type { Loadable } from "./state";

export interface ReviewState {
  readonly list: Loadable<QueueList>;
  readonly queue: Loadable<ReviewQueue>;
  /** The number of the region on show; null before there is one. */
  readonly at: number | null;
}

export const NO_REVIEW: ReviewState = {
  list: { status: "loading" },
  queue: { status: "loading" },
  at: null,
};

export function regionsIn({ queue }: ReviewState): readonly ReviewRegion[] {
  return queue.status === "ready" ? queue.value.regions : [];
}

export function currentRegion(review: ReviewState): ReviewRegion | null {
  return regionsIn(review).find(({ number }) => number === review.at) ?? null;
}

/** The next region that nobody has said anything to, from a place on and then from the front. */
export function nextUnsaid(regions: readonly ReviewRegion[], after: number): ReviewRegion | null {
  const open = regions.filter(({ said }) => said === null);
  return open.find(({ number }) => number > after) ?? open[0] ?? null;
}

export function besides(review: ReviewState, step: 1 | -1): ReviewRegion | null {
  const regions = regionsIn(review);
  const index = regions.findIndex(({ number }) => number === review.at);
  return index < 0 ? null : (regions[index + step] ?? null);
}

/** As it will be when the service has kept it. */
export function withSaid(queue: ReviewQueue, number: number, verdict: Verdict): ReviewQueue {
  const said = { verdict, by: "", at: "" };
  const regions = queue.regions.map((each) => (each.number === number ? { ...each, said } : each));
  return { ...queue, regions };
}
