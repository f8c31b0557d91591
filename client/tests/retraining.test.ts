import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../src/api/client";
import { ProblemError, UnreachableError } from "../src/api/http";
import type { Retraining } from "../src/api/types";
import { outcomeOf, retrainingWords } from "../src/model/retraining";
import { Calls } from "../src/state/calls";
import { type Action, reduce } from "../src/state/reducer";
import { Retrainings } from "../src/state/retrainings";
import { type AppState, INITIAL_STATE } from "../src/state/state";
import { Store } from "../src/state/store";

function retraining(change: Partial<Retraining>): Retraining {
  return {
    id: "one",
    state: "running",
    model: "tumor",
    why: "asked for in the viewer",
    progress: { stage: "train", done: 0, total: 10 },
    failure: null,
    candidate: null,
    snapshot: null,
    promoted: null,
    headline: null,
    caveats: [],
    ...change,
  };
}

describe("a retraining in words", () => {
  it("says what it is doing", () => {
    const progress = { stage: "train", done: 3, total: 10 };
    expect(retrainingWords(retraining({ progress }))).toBe("Training, epoch 3 of 10");
    const compare = { stage: "compare", done: 0, total: 0 };
    expect(retrainingWords(retraining({ progress: compare }))).toMatch("Comparing");
    expect(retrainingWords(retraining({ state: "queued" }))).toBe("Waiting");
  });

  it("ends with the gate's own words, or with the reason", () => {
    const headline = "kept tumor@3, not tumor@4: stroma fell from 0.810 to 0.760";
    const kept = retraining({ state: "done", headline, promoted: false });
    expect(retrainingWords(kept)).toBe(`K${headline.slice(1)}`);
    expect(outcomeOf(kept)).toBe("kept");
    expect(outcomeOf({ ...kept, promoted: true })).toBe("promoted");
    const failure = { stage: "train", slide: "", tile: null, cause: "no patient tests", hint: "" };
    const failed = retraining({ state: "failed", failure });
    expect(retrainingWords(failed)).toBe("no patient tests");
    expect(outcomeOf(failed)).toBe("failed");
    expect(outcomeOf(retraining({ state: "cancelled" }))).toBeNull();
  });
});

describe("following a retraining", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function followed(answers: (Retraining | Error)[]) {
    const ended: Retraining[] = [];
    let asked = 0;
    const answer = async () => {
      const next = answers[Math.min(asked++, answers.length - 1)] ?? null;
      if (next instanceof Error) throw next;
      return next;
    };
    const api = { retraining: answer, retrain: answer } as Partial<Api> as Api;
    const store = new Store<AppState, Action>(reduce, INITIAL_STATE);
    const calls = new Calls(store, { onUnreachable: () => {}, onSignedOut: () => {} });
    const retrainings = new Retrainings(api, store, calls, (one) => ended.push(one));
    return { store, ended, retrainings, asked: () => asked };
  }

  it("asks until it has ended, whatever goes wrong once, and tells once", async () => {
    const done = retraining({ state: "done", promoted: true, candidate: "tumor@4" });
    const { store, ended, retrainings, asked } = followed([
      retraining({ state: "queued" }),
      new UnreachableError("gone"),
      retraining({}),
      done,
    ]);
    await retrainings.start("tumor");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.state.retraining).toEqual(done);
    expect(ended).toEqual([done]);
    expect(asked()).toBe(4);
  });

  it("says what is wrong with a service that is there, and asks no more", async () => {
    const problem = { title: "", status: 500, detail: "broken", hint: null };
    const { store, retrainings, asked } = followed([
      retraining({}),
      new ProblemError(problem),
      retraining({}),
    ]);
    await retrainings.start("tumor");
    await vi.advanceTimersByTimeAsync(3000);
    expect(store.state.toasts.map(({ text }) => text)).toEqual(["broken"]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked()).toBe(2);
  });

  it("tells nobody of one that had ended before anybody looked", async () => {
    const { ended, retrainings, asked } = followed([retraining({ state: "done" })]);
    await retrainings.load();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([ended.length, asked()]).toEqual([0, 1]);
  });
});
