import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../src/api/client";
import type { AnnotationSummary, Disagreement, JobState } from "../src/api/types";
import { Calls } from "../src/state/calls";
import { candidates, otherSide, suggestedOther, thisSide } from "../src/state/comparison";
import { Comparisons } from "../src/state/comparisons";
import { type Action, reduce } from "../src/state/reducer";
import { type AppState, INITIAL_STATE } from "../src/state/state";
import { Store } from "../src/state/store";
import { decodeAddress } from "../src/state/url";
import { sceneOf } from "../src/viewer/overlay/scene";
import { run, slide } from "./records";

const FIGURES: Disagreement = {
  areas_mm2: { only_this: 1, only_other: 2, other_class: 0 },
  share: 0.1,
  classes: [],
};

const RUNS = [
  run({ id: "again", model: "tumor@2" }),
  run({ id: "new", model: "tumor@2" }),
  run({ id: "tissue", model: "tissue@1" }),
  run({ id: "old", model: "tumor@1" }),
];

function annotation(change: Partial<AnnotationSummary>): AnnotationSummary {
  return {
    id: "drawn",
    name: "ROI",
    description: "",
    attributes: {},
    elements_count: 3,
    by: "Ada",
    updated: "2026-01-01T00:00:00Z",
    version: "1",
    editable: true,
    mine: false,
    ...change,
  };
}

const OPENED: Action[] = [
  {
    type: "slideOpened",
    id: "slide",
    view: { camera: null, runId: "again", overlay: {}, comparison: null },
  },
  { type: "slideDetail", id: "slide", detail: { status: "ready", value: slide({}) } },
  { type: "runs", slide: "slide", runs: RUNS },
];

const LISTED: Action = {
  type: "annotations",
  slide: "slide",
  annotations: {
    status: "ready",
    value: [
      annotation({ id: "layer", attributes: { run: "old", model: "tumor@1" } }),
      annotation({ id: "empty", elements_count: 0 }),
      annotation({}),
    ],
  },
};

function stateAfter(...actions: Action[]): AppState {
  return actions.reduce(reduce, INITIAL_STATE);
}

function compare(kind: "run" | "annotation", id: string): Action {
  return {
    type: "comparison",
    comparison: { other: { kind, id }, mode: "side", divider: 0.5 },
  };
}

describe("what a run can be compared with", () => {
  it("is every other run and what people drew, not what a model has left", () => {
    const ids = candidates(stateAfter(...OPENED, LISTED)).map(({ other }) => other.id);
    expect(ids).toEqual(["new", "tissue", "old", "drawn"]);
  });

  it("suggests another version of the same model before another model or a second run", () => {
    const suggested = (...runs: typeof RUNS) =>
      suggestedOther(stateAfter(...OPENED, LISTED, { type: "runs", slide: "slide", runs }))?.id;
    expect(suggested(...RUNS)).toBe("old");
    expect(suggested(...RUNS.slice(0, 3))).toBe("tissue");
    expect(suggested(...RUNS.slice(0, 2))).toBe("drawn");
    expect(
      suggested(...RUNS.slice(0, 2), run({ id: "x", model: "tumor@1", state: "failed" })),
    ).toBe("drawn");
  });

  it("is nothing where there is one run and no drawing", () => {
    const one: Action = { type: "runs", slide: "slide", runs: RUNS.slice(0, 1) };
    expect(suggestedOther(stateAfter(...OPENED, one))).toBeNull();
  });
});

describe("the two sides", () => {
  it("show a run each", () => {
    const state = stateAfter(...OPENED, compare("run", "old"));
    expect(sceneOf(state)?.run).toBe("again");
    const other = otherSide(state);
    expect(other && sceneOf(other)?.run).toBe("old");
  });

  it("show a person's drawing on its own side only", () => {
    const shapes = [{ rings: [], closed: true, color: "red" }];
    const drawn: Action = { type: "annotationDrawn", slide: "slide", id: "drawn", shapes };
    const other: Action = { type: "annotationDrawn", slide: "slide", id: "second", shapes };
    const state = stateAfter(...OPENED, drawn, other, compare("annotation", "drawn"));
    expect(Object.keys(thisSide(state).slide?.drawn ?? {})).toEqual(["second"]);
    expect(Object.keys(otherSide(state)?.slide?.drawn ?? {})).toEqual(["drawn"]);
    expect(otherSide(state)?.slide?.runId).toBeNull();
  });

  it("become one picture of three colours where only differences are wanted", () => {
    const state = stateAfter(
      ...OPENED,
      compare("run", "old"),
      { type: "comparisonChanged", change: { mode: "difference" } },
      { type: "overlay", change: { threshold: 0.7 } },
    );
    const scene = sceneOf(state);
    expect(scene?.layers).toHaveLength(3);
    expect(scene?.layers[0]).toBe("disagreement/tiles?kind=only_this&run=old&threshold=0.70");
    expect(scene?.style.mode).toBe("class");
  });

  it("are forgotten with the slide", () => {
    const state = stateAfter(...OPENED, compare("run", "old"), ...OPENED.slice(0, 1));
    expect(state.comparison).toBeNull();
  });
});

describe("the address of a comparison", () => {
  it.each(["#slide=s&compare=run", "#slide=s&compare=cat:1", "#slide=s&compare=run:"])(
    "makes no sense of %j",
    (hash) => expect(decodeAddress(hash).comparison).toBeNull(),
  );

  it("keeps the divider on the stage", () => {
    const { comparison } = decodeAddress("#slide=s&compare=run:r&as=swipe&divider=7");
    expect(comparison).toEqual({ other: { kind: "run", id: "r" }, mode: "swipe", divider: 0.5 });
  });
});

describe("a comparison", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function setUp() {
    const store = new Store<AppState, Action>(reduce, stateAfter(...OPENED, LISTED));
    const disagreement = vi.fn(async () => FIGURES);
    const calls = new Calls(store, { onUnreachable: () => {}, onSignedOut: () => {} });
    const wanted = vi.fn();
    const api = { disagreement } as Partial<Api> as Api;
    const comparisons = new Comparisons(api, store, calls, wanted);
    // As the first thing that happens on a page.
    store.dispatch({ type: "outlinesAvailable", available: true });
    return { store, comparisons, disagreement, wanted };
  }

  it("is counted once for each pair and threshold", async () => {
    const { store, comparisons, disagreement } = setUp();
    comparisons.start(null);
    await vi.runAllTimersAsync();
    store.dispatch({ type: "overlay", change: { opacity: 0.1 } });
    await vi.runAllTimersAsync();
    expect(disagreement.mock.calls).toEqual([["again", { kind: "run", id: "old" }, 0.5]]);
    expect(store.state.comparison?.figures).toEqual({ status: "ready", value: FIGURES });
    store.dispatch({ type: "overlay", change: { threshold: 0.6 } });
    await vi.runAllTimersAsync();
    expect(disagreement).toHaveBeenCalledTimes(2);
  });

  it("is counted again once a run that was not done is", async () => {
    const { store, comparisons, disagreement } = setUp();
    const runs = (state: JobState): Action => ({
      type: "runs",
      slide: "slide",
      runs: RUNS.map((one) => (one.id === "old" ? { ...one, state } : one)),
    });
    store.dispatch(runs("running"));
    comparisons.start({ kind: "run", id: "old" });
    await vi.runAllTimersAsync();
    store.dispatch(runs("done"));
    await vi.runAllTimersAsync();
    expect(disagreement).toHaveBeenCalledTimes(2);
  });

  it("changes sides, and when the left becomes the right", async () => {
    const { store, comparisons } = setUp();
    comparisons.start({ kind: "run", id: "old" });
    await vi.runAllTimersAsync();
    comparisons.swap();
    await vi.runAllTimersAsync();
    expect(store.state.slide?.runId).toBe("old");
    expect(store.state.comparison?.other.id).toBe("again");
  });

  it("has the drawing loaded, once", async () => {
    const { store, comparisons, wanted } = setUp();
    comparisons.start({ kind: "annotation", id: "drawn" });
    await vi.runAllTimersAsync();
    store.dispatch({ type: "overlay", change: { opacity: 0.1 } });
    await vi.runAllTimersAsync();
    expect(wanted.mock.calls).toEqual([["drawn"]]);
  });

  it("ends when one side is gone", async () => {
    const { store, comparisons } = setUp();
    comparisons.start({ kind: "run", id: "old" });
    await vi.runAllTimersAsync();
    store.dispatch({ type: "runs", slide: "slide", runs: RUNS.slice(0, 2) });
    await vi.runAllTimersAsync();
    expect(store.state.comparison).toBeNull();
  });
});
