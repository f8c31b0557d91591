import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ProblemError, UnreachableError } from "../src/api/http";
import type { Errand, ReviewApi, ReviewQueue, ReviewRegion, Verdict } from "../src/api/review";
import { Calls } from "../src/state/calls";
import { type Action, reduce } from "../src/state/reducer";
import { currentRegion, nextUnsaid } from "../src/state/review";
import { Reviewing } from "../src/state/reviewing";
import { type AppState, INITIAL_STATE, REVIEWED } from "../src/state/state";
import { Store } from "../src/state/store";

const PLACE = { page: "review", of: "q" } as const;

function region(number: number, verdict?: Verdict): ReviewRegion {
  return {
    number,
    said: verdict ? { verdict, by: "anna", at: "2026-01-01T00:00:00Z" } : null,
  } as ReviewRegion;
}

/** A service that keeps what is said, except where it refuses. */
function desk(regions: ReviewRegion[], refuses: readonly number[] = []) {
  const store = new Store<AppState, Action>(reduce, INITIAL_STATE);
  const kept: [number, Verdict][] = [];
  const seen: number[] = [];
  const fixed: [number, string][] = [];
  const making = { now: null as Errand | null, isThere: true };
  const now = () => ({ regions: [...regions], gains: {} as ReviewQueue["gains"], hidden: 0 });
  const api: ReviewApi = {
    queues: async () => {
      if (!making.isThere) throw new UnreachableError("gone");
      return { queues: [{ id: "q" } as ReviewQueue], making: making.now, missing: null };
    },
    makeQueue: async () => {},
    cancelQueue: async () => {},
    queue: async () => {
      if (!making.isThere) throw new UnreachableError("gone");
      return { ...now(), id: "q" } as unknown as ReviewQueue;
    },
    reviewAnswer: async () => ({ name: "", elements: [] }),
    say: async (_queue, number, verdict) => {
      // The first word takes the longest.
      await new Promise((resolve) => setTimeout(resolve, kept.length === 0 ? 8 : 1));
      if (refuses.includes(number)) {
        const detail = "no right to annotate";
        throw new ProblemError({ title: detail, status: 403, detail, hint: null });
      }
      kept.push([number, verdict]);
      regions[number - 1] = { ...region(number, verdict), annotation: `a${number}` };
      return now();
    },
  };
  const calls = new Calls(store, { onUnreachable: () => {}, onSignedOut: () => {} });
  const reviewing = new Reviewing(api, store, calls, {
    onQueue: () => {},
    onRegion: ({ number }) => void seen.push(number),
    onFix: ({ number }, annotation) => void fixed.push([number, annotation]),
    onDrawn: () => {},
  });
  store.dispatch({ type: "learnPlace", place: PLACE });
  const review = () => {
    const found = store.state.learn?.review;
    if (!found) throw new Error("nothing was heard");
    return found;
  };
  const at = () => currentRegion(review())?.number;
  return { store, kept, seen, fixed, making, reviewing, review, at };
}

const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(40);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("reviewing", () => {
  it("goes on at the first region that nobody has said anything to", async () => {
    const { reviewing, at, seen } = desk([region(1, "accept"), region(2), region(3)]);
    await reviewing.load(PLACE);
    expect(at()).toBe(2);
    expect(seen).toEqual([2]);
  });

  it("keeps what is said in the order in which it was said, faster than the service", async () => {
    const { reviewing, at, kept, review } = desk([1, 2, 3, 4].map((number) => region(number)));
    await reviewing.load(PLACE);
    reviewing.say("accept");
    reviewing.say("skip");
    reviewing.say("fix");
    expect(at()).toBe(3);
    await settled();
    expect(kept).toEqual([
      [1, "accept"],
      [2, "skip"],
      [3, "fix"],
    ]);
    const { queue } = review();
    const said = queue.status === "ready" && queue.value.regions.map((each) => each.said?.verdict);
    expect(said).toEqual(["accept", "skip", "fix", undefined]);
  });

  it("stays at what is to be fixed, and has it opened to be drawn in once it is kept", async () => {
    const { reviewing, at, fixed } = desk([region(1), region(2), region(3)]);
    await reviewing.load(PLACE);
    reviewing.say("fix");
    expect([at(), fixed]).toEqual([1, []]);
    await settled();
    expect(fixed).toEqual([[1, "a1"]]);
    reviewing.turn(1);
    reviewing.say("fix");
    reviewing.turn(1); // before the service has answered: corrected another time
    await settled();
    expect(fixed).toEqual([[1, "a1"]]);
  });

  it("does not unsay what is on its way when the queue is read again", async () => {
    const { reviewing, review } = desk([region(1), region(2)]);
    await reviewing.load(PLACE);
    reviewing.say("accept");
    await reviewing.load(PLACE);
    const { queue } = review();
    expect(queue.status === "ready" && queue.value.regions[0]?.said?.verdict).toBe("accept");
    await settled();
  });

  it("waits for a queue that is made, though the service was gone for a while", async () => {
    const { making, reviewing, review } = desk([region(1)]);
    const state = () => {
      const { list } = review();
      return list.status === "ready" ? list.value.making?.state : list.status;
    };
    making.now = { state: "running", said: "", failure: "", hint: "" };
    await reviewing.load(PLACE);
    making.isThere = false;
    await vi.advanceTimersByTimeAsync(5000);
    expect(state()).toBe("running");
    expect(review().queue.status).toBe("ready");
    Object.assign(making, { isThere: true, now: { ...making.now, state: "done" } });
    await vi.advanceTimersByTimeAsync(3000);
    expect(state()).toBe("done");
  });

  it("does not unsay the next when a word could not be kept", async () => {
    const { reviewing, review, kept } = desk([region(1), region(2), region(3)], [1]);
    await reviewing.load(PLACE);
    reviewing.say("accept");
    reviewing.say("skip");
    await settled();
    expect(kept).toEqual([[2, "skip"]]);
    const { queue } = review();
    const said = queue.status === "ready" && queue.value.regions.map((each) => each.said?.verdict);
    expect(said).toEqual([undefined, "skip", undefined]);
  });

  it("comes back to what could not be kept, and says why", async () => {
    const { reviewing, at, kept, store } = desk([region(1), region(2)], [1]);
    await reviewing.load(PLACE);
    reviewing.say("accept");
    await settled();
    expect(kept).toEqual([]);
    expect(at()).toBe(1);
    expect(store.state.toasts.map(({ text }) => text)).toEqual(["no right to annotate"]);
  });

  it("turns to regions that were said, and stays at the ends", async () => {
    const { reviewing, at } = desk([region(1, "skip"), region(2)]);
    await reviewing.load(PLACE);
    reviewing.turn(1);
    expect(at()).toBe(2);
    reviewing.turn(-1);
    reviewing.turn(-1);
    expect(at()).toBe(1);
  });

  it("takes its outline from the slide when it is left", async () => {
    const { reviewing, store } = desk([region(1)]);
    const view = { camera: null, runId: null, overlay: {}, comparison: null };
    store.dispatch({ type: "slideOpened", id: "s", view });
    await reviewing.load(PLACE);
    for (const id of [REVIEWED, "drawn"]) {
      store.dispatch({ type: "annotationDrawn", slide: "s", id, shapes: [] });
    }
    store.dispatch({ type: "learnPlace", place: PLACE });
    expect(Object.keys(store.state.slide?.drawn ?? {})).toEqual([REVIEWED, "drawn"]);
    store.dispatch({ type: "learnPlace", place: null });
    expect(Object.keys(store.state.slide?.drawn ?? {})).toEqual(["drawn"]);
  });

  it("begins from the front again when the last region was said", () => {
    const regions = [region(1), region(2, "skip"), region(3, "accept")];
    expect(nextUnsaid(regions, 3)?.number).toBe(1);
    expect(nextUnsaid([region(1, "skip")], 0)).toBeNull();
  });
});
