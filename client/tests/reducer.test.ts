import { describe, expect, it } from "vitest";
import { type Action, reduce } from "../src/state/reducer";
import { segmentObstacle, shownClasses, shownJob } from "../src/state/selectors";
import { type AppState, INITIAL_STATE } from "../src/state/state";
import { job, MODEL, run, slide } from "./records";

const BARE = { camera: null, runId: null, overlay: {}, comparison: null };

function stateAfter(...actions: Action[]): AppState {
  return actions.reduce(reduce, INITIAL_STATE);
}

const OPENED: Action[] = [
  {
    type: "models",
    models: { status: "ready", value: [{ ...MODEL, default: false, reference: "x@1" }, MODEL] },
  },
  { type: "slideOpened", id: "slide", view: BARE },
  { type: "slideDetail", id: "slide", detail: { status: "ready", value: slide({}) } },
];

describe("opening a slide", () => {
  it("takes over what the address asks for and keeps the rest of the overlay's settings", () => {
    const state = stateAfter(
      { type: "overlay", change: { opacity: 0.8 } },
      {
        type: "slideOpened",
        id: "slide",
        view: { ...BARE, runId: "r", overlay: { threshold: 0.3 } },
      },
    );
    expect(state.overlay).toMatchObject({ opacity: 0.8, threshold: 0.3 });
    expect(state.slide?.runId).toBe("r");
  });

  it("forgets the region of the slide before", () => {
    const drawn = { scope: "drawn", box: [0, 0, 9, 9] } as const;
    const state = stateAfter(
      ...OPENED,
      { type: "region", change: drawn },
      {
        type: "slideOpened",
        id: "other",
        view: BARE,
      },
    );
    expect(state.region).toEqual({ scope: "whole", box: null, drawing: false });
  });

  it("is not disturbed by late answers about another slide", () => {
    const state = stateAfter(...OPENED);
    const late: Action[] = [
      { type: "slideDetail", id: "other", detail: { status: "loading" } },
      { type: "jobs", slide: "other", jobs: [job({ slide: "other" })] },
      { type: "runs", slide: "other", runs: [run({ slide: "other" })] },
      { type: "jobChanged", job: job({ slide: "other" }) },
    ];
    expect(late.reduce(reduce, state)).toEqual(state);
  });

  it("chooses the default model, once", () => {
    expect(stateAfter(...OPENED).model).toBe(MODEL.reference);
    const chosen = stateAfter({ type: "modelChosen", model: "x@1" }, ...OPENED);
    expect(chosen.model).toBe("x@1");
  });
});

describe("jobs and runs", () => {
  it("come and go with the service's list", () => {
    const state = stateAfter(
      ...OPENED,
      { type: "jobChanged", job: job({ id: "gone" }) },
      { type: "jobs", slide: "slide", jobs: [job({ id: "there" })] },
    );
    expect(state.slide?.jobs.map(({ id }) => id)).toEqual(["there"]);
  });

  it("cannot select a run that is not there", () => {
    const state = stateAfter(...OPENED, { type: "runs", slide: "slide", runs: [run({})] });
    expect(reduce(state, { type: "runSelected", runId: "nowhere" }).slide?.runId).toBeNull();
    expect(reduce(state, { type: "runSelected", runId: "run" }).slide?.runId).toBe("run");
  });

  it("replace a run in its place and put a new one first", () => {
    const state = stateAfter(
      ...OPENED,
      { type: "runs", slide: "slide", runs: [run({ id: "b" }), run({ id: "a" })] },
      { type: "runChanged", run: run({ id: "a", state: "failed" }) },
      { type: "runChanged", run: run({ id: "c" }) },
    );
    expect(state.slide?.runs?.map(({ id, state }) => `${id} ${state}`)).toEqual([
      "c done",
      "b done",
      "a failed",
    ]);
  });

  it("show the job under way before any other", () => {
    const state = stateAfter(...OPENED, {
      type: "jobs",
      slide: "slide",
      jobs: [
        job({ id: "failed", state: "failed", created: "2026-01-03T00:00:00Z" }),
        job({ id: "running", state: "running", created: "2026-01-02T00:00:00Z" }),
      ],
    });
    expect(shownJob(state)?.id).toBe("running");
  });

  it("show why the newest job came to nothing, even with an older run on the slide", () => {
    const state = stateAfter(
      ...OPENED,
      {
        type: "jobs",
        slide: "slide",
        jobs: [
          job({ id: "failed", state: "failed", created: "2026-01-03T00:00:00Z" }),
          job({ id: "done", state: "done", run: "run", created: "2026-01-02T00:00:00Z" }),
        ],
      },
      { type: "runs", slide: "slide", runs: [run({ job: "done" })] },
      { type: "runSelected", runId: "run" },
    );
    expect(shownJob(state)?.id).toBe("failed");
  });
});

describe("the Segment button", () => {
  it("can be pressed when slide, scale, model and region are there", () => {
    expect(segmentObstacle(stateAfter(...OPENED))).toBeNull();
  });

  it("says why not when the pixel size is unknown", () => {
    const state = stateAfter(...OPENED, {
      type: "slideDetail",
      id: "slide",
      detail: { status: "ready", value: slide({ mpp: null }) },
    });
    expect(segmentObstacle(state)).toMatch(/how large its pixels are/);
  });

  it("says why not when the reader may only look", () => {
    const state = stateAfter(...OPENED, {
      type: "slideDetail",
      id: "slide",
      detail: { status: "ready", value: slide({ editable: false }) },
    });
    expect(segmentObstacle(state)).toMatch(/write access/);
  });

  it("waits for the region to be drawn", () => {
    const state = stateAfter(...OPENED, { type: "region", change: { scope: "drawn" } });
    expect(segmentObstacle(state)).toMatch(/Draw a region/);
  });
});

describe("what the overlay shows", () => {
  const state = stateAfter(...OPENED);
  const names = (changed: AppState): string[] =>
    shownClasses(changed, run({})).map(({ name }) => name);

  it("is every class that was not switched off", () => {
    expect(names(state)).toEqual(["tumor", "stroma"]);
    const toggled = reduce(state, { type: "classToggled", className: "tumor" });
    expect(names(toggled)).toEqual(["stroma"]);
    expect(names(reduce(toggled, { type: "classToggled", className: "tumor" }))).toHaveLength(2);
  });

  it("is one class's probability, the first unless another is chosen", () => {
    const heat = reduce(state, { type: "overlay", change: { mode: "probability" } });
    expect(names(heat)).toEqual(["tumor"]);
    expect(names(reduce(heat, { type: "overlay", change: { className: "stroma" } }))).toEqual([
      "stroma",
    ]);
    expect(names(reduce(heat, { type: "overlay", change: { className: "gone" } }))).toEqual([
      "tumor",
    ]);
  });
});

describe("toasts", () => {
  it("renew rather than repeat", () => {
    const toast = { text: "No room left.", hint: null };
    const state = stateAfter(
      { type: "toast", toast: { id: 1, ...toast } },
      { type: "toast", toast: { id: 2, ...toast } },
    );
    expect(state.toasts.map(({ id }) => id)).toEqual([2]);
  });
});

describe("annotations on show", () => {
  const listed = (id: string, updated: string) => ({
    id,
    name: id,
    description: "",
    attributes: {},
    elements_count: 1,
    by: "Ada",
    updated,
    version: updated,
    editable: true,
    mine: false,
  });
  const annotations = (...value: ReturnType<typeof listed>[]): Action => ({
    type: "annotations",
    slide: "slide",
    annotations: { status: "ready", value },
  });
  const drawn = (id: string): Action => ({
    type: "annotationDrawn",
    slide: "slide",
    id,
    shapes: [],
  });

  it("go when they were changed or deleted, and stay when not", () => {
    const state = stateAfter(
      ...OPENED,
      annotations(listed("same", "1"), listed("changed", "1"), listed("deleted", "1")),
      ...["same", "changed", "deleted"].map(drawn),
      annotations(listed("same", "1"), listed("changed", "2")),
    );
    expect(Object.keys(state.slide?.drawn ?? {})).toEqual(["same"]);
  });

  it("of another slide are nobody's", () => {
    const state = stateAfter(...OPENED, { ...drawn("x"), slide: "other" } as Action);
    expect(state.slide?.drawn).toEqual({});
  });
});
