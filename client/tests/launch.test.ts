import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../src/api/client";
import type { Preflight } from "../src/api/launch";
import type { SlideSummary } from "../src/api/types";
import {
  formatBytes,
  inTurn,
  placeOfFailure,
  queueLine,
  readMpp,
  scaleVerdict,
  timeSource,
} from "../src/model/launch";
import { Calls } from "../src/state/calls";
import { NO_SELECTION, sound, toggled } from "../src/state/launch";
import { Launcher, manner } from "../src/state/launcher";
import { type Action, reduce } from "../src/state/reducer";
import { segmentObstacle } from "../src/state/selectors";
import { type AppState, INITIAL_STATE } from "../src/state/state";
import { Store } from "../src/state/store";
import { decodeAddress, encodeAddress } from "../src/state/url";
import { job, slide } from "./records";

const SLIDES: readonly SlideSummary[] = ["a", "b", "c", "d"].map((id) => ({
  ...slide({ id }),
  problem: id === "c" ? { detail: "torn", hint: "copy it again" } : null,
}));

function preflight(change: Partial<Preflight>): Preflight {
  return {
    id: "p",
    slide: "slide",
    slide_name: "slide.svs",
    model: "tumor@1",
    scale: {
      slide: { x: 0.25, y: 0.25, source: "metadata" },
      model: 1,
      predicted: 1,
      factor: 4,
      doubtful: false,
    },
    tissue: { share: 0.5, mm2: 10 },
    tiles: { total: 20, tissue: 10 },
    time: null,
    disk: { needed: 1e6, free: 1e12, enough: true },
    samples: { state: "running", problem: null, tiles: [] },
    classes: [],
    warnings: [],
    ...change,
  };
}

describe("a preflight in words", () => {
  const scale = preflight({}).scale;

  it("says what is done about the scale", () => {
    expect(scaleVerdict(scale)).toBe("shrunk 4.00 times to the model's scale");
    expect(scaleVerdict({ ...scale, factor: 1.02 })).toContain("nothing is resampled");
    expect(scaleVerdict({ ...scale, factor: 0.25, predicted: 2 })).toBe(
      "enlarged 4.00 times, still coarser than the model's: it shows no more than was scanned",
    );
  });

  it("says what the time rests on", () => {
    const estimate = { seconds: 60, per_tile: 1, runs: 2, tiles: 120 } as const;
    expect(timeSource({ ...estimate, source: "runs" })).toContain("2 earlier runs of this model");
    expect(timeSource({ ...estimate, source: "samples" })).toContain("sample tiles");
  });

  it("reads a scale with a point or a comma, and nothing that is none", () => {
    expect(["0.25", " 0,5 ", "", "25x", "900"].map(readMpp)).toEqual([0.25, 0.5, null, null, null]);
  });

  it("counts bytes as disks do", () => {
    expect([950, 12_300, 4_560_000, 3.2e10].map(formatBytes)).toEqual([
      "950 B",
      "12 kB",
      "4.6 MB",
      "32 GB",
    ]);
  });
});

describe("choosing several slides", () => {
  it("takes one, lets go of it, and takes all between two that can be opened", () => {
    const one = toggled(NO_SELECTION, "a", false, SLIDES);
    expect(one.slides).toEqual(["a"]);
    expect(toggled(one, "a", false, SLIDES).slides).toEqual([]);
    expect(toggled(one, "d", true, SLIDES).slides).toEqual(["a", "b", "d"]);
    const upwards = toggled({ ...NO_SELECTION, anchor: "d" }, "b", true, SLIDES);
    expect(upwards.slides).toEqual(["b", "d"]);
    expect(sound(SLIDES)).toEqual(["a", "b", "d"]);
  });
});

describe("the queue", () => {
  const jobs = [
    job({ id: "old", state: "done", created: "2026-01-01T00:00:00Z" }),
    job({ id: "second", created: "2026-01-03T00:00:00Z" }),
    job({ id: "first", created: "2026-01-02T00:00:00Z" }),
    job({ id: "urgent", created: "2026-01-04T00:00:00Z", priority: "high" }),
    job({ id: "now", state: "running", created: "2026-01-05T00:00:00Z" }),
    job({ id: "bad", state: "failed", created: "2026-01-06T00:00:00Z" }),
  ];

  it("stands in the order in which it is computed", () => {
    const order = inTurn(jobs).map(({ id }) => id);
    expect(order).toEqual(["now", "urgent", "first", "second", "bad", "old"]);
    expect(queueLine(jobs)).toBe("1 running · 3 waiting · 1 failed · 1 done");
  });

  it("knows the place of a failure, where there is one", () => {
    const failure = { stage: "predict", slide: "s", cause: "torn", hint: null };
    const at = (tile: unknown) => placeOfFailure(job({ failure: { ...failure, tile } }));
    expect(at("1,2,30,40")).toEqual([1, 2, 30, 40]);
    expect([at(null), at("3/4"), at("1,2,x,4"), placeOfFailure(job({}))]).toEqual(
      Array(4).fill(null),
    );
  });

  it("has an address", () => {
    const bare = {
      slide: null,
      camera: null,
      run: null,
      overlay: {},
      comparison: null,
      dataset: null,
      learn: null,
    };
    expect(encodeAddress({ ...bare, queue: true })).toBe("#queue");
    expect(encodeAddress({ ...bare, slide: "s", queue: true })).toBe("#queue&slide=s");
    expect(decodeAddress("#queue")).toEqual({ ...bare, queue: true });
    expect(decodeAddress("#queue&slide=s")).toEqual({ ...bare, slide: "s", queue: true });
    expect(decodeAddress("#slide=s").queue).toBeUndefined();
  });
});

describe("the launcher", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function launched(api: Partial<Api>, state: Partial<AppState>) {
    const store = new Store<AppState, Action>(reduce, { ...INITIAL_STATE, ...state });
    const calls = new Calls(store, { onUnreachable: vi.fn(), onSignedOut: vi.fn() });
    const events = { onSegment: vi.fn(), onGo: vi.fn(), onQueue: vi.fn() };
    return { store, events, launcher: new Launcher(api as Api, store, calls, events) };
  }

  const open: Partial<AppState> = {
    model: "tumor@1",
    slides: { status: "ready", value: SLIDES },
    slide: {
      id: "slide",
      detail: { status: "ready", value: slide({ mpp: null }) },
      jobs: [],
      runs: [],
      runId: null,
      annotations: { status: "loading" },
      drawn: {},
      awaited: [],
    },
  };

  it("asks again until the samples are there, and not once the card is closed", async () => {
    const done = preflight({ samples: { state: "done", problem: null, tiles: [] } });
    const preflightAgain = vi.fn().mockResolvedValueOnce(preflight({})).mockResolvedValue(done);
    const api = { preflight: vi.fn().mockResolvedValue(preflight({})), preflightAgain };
    const { store, launcher } = launched(api, open);
    launcher.check();
    expect(store.state.launch.check).toEqual({ status: "loading" });
    await vi.advanceTimersByTimeAsync(5000);
    expect(preflightAgain).toHaveBeenCalledTimes(2);
    expect(store.state.launch.check).toEqual({ status: "ready", value: done });
    launcher.check();
    launcher.closeCheck();
    await vi.advanceTimersByTimeAsync(5000);
    expect(store.state.launch.check).toBeNull();
  });

  it("says nothing of a slide that was left, nor of one that was closed", async () => {
    const away = [
      {
        type: "slideOpened",
        id: "other",
        view: { camera: null, runId: null, overlay: {}, comparison: null },
      },
      { type: "slideClosed" },
    ] as const;
    for (const action of away) {
      const found = vi.fn(() => new Promise((resolve) => setTimeout(resolve, 100, preflight({}))));
      const { store, launcher } = launched({ preflight: found } as never, open);
      launcher.check();
      store.dispatch(action);
      await vi.advanceTimersByTimeAsync(5000);
      expect(found).toHaveBeenCalledOnce();
      expect(store.state.launch.check).toBeNull();
    }
  });

  it("segments at the scale that was said, on that slide and no other", () => {
    const { store, launcher } = launched({}, { ...open });
    const models = [{ reference: "tumor@1" }] as never;
    store.dispatch({ type: "models", models: { status: "ready", value: models } });
    expect(segmentObstacle(store.state)).toContain("Check first");
    launcher.adjust({ slideMpp: 0.25, precision: "int8" });
    expect(segmentObstacle(store.state)).toBeNull();
    expect(manner(store.state.launch.options)).toEqual({ slide_mpp: 0.25, precision: "int8" });
    store.dispatch({
      type: "slideOpened",
      id: "other",
      view: { camera: null, runId: null, overlay: {}, comparison: null },
    });
    expect(manner(store.state.launch.options)).toEqual({ precision: "int8" });
  });

  it("asks for many slides bit by bit, without the scale of one, and shows the queue", async () => {
    const many = Array.from({ length: 23 }, (_, index) => slide({ id: `s${index}` }));
    const refused = [{ slide: "s3", detail: "not yours", hint: null }];
    const segmentAll = vi.fn().mockResolvedValue({ jobs: [], refused: [] });
    segmentAll.mockResolvedValueOnce({ jobs: [], refused });
    const api = { segmentAll, queue: vi.fn().mockResolvedValue([job({})]) };
    const slides = { status: "ready", value: many } as const;
    const { store, launcher } = launched(api, { ...open, slides });
    launcher.adjust({ slideMpp: 0.25 });
    launcher.selectAll();
    launcher.segmentSelection();
    launcher.segmentSelection(); // a second press asks for nothing
    await vi.advanceTimersByTimeAsync(0);
    expect(segmentAll.mock.calls.map(([request]) => request.slides.length)).toEqual([10, 10, 3]);
    expect(segmentAll.mock.calls[0]?.[0]).not.toHaveProperty("slide_mpp");
    expect(store.state.launch.selection).toBeNull();
    expect(store.state.launch.queue?.refused).toEqual(refused);
    expect(store.state.launch.queue?.jobs.status).toBe("ready");
  });

  it("watches the queue only while it is shown", async () => {
    const queue = vi.fn().mockResolvedValue([job({ state: "running" })]);
    const { launcher } = launched({ queue }, open);
    launcher.showQueue(true);
    await vi.advanceTimersByTimeAsync(4000);
    const before = queue.mock.calls.length;
    expect(before).toBeGreaterThan(2);
    launcher.showQueue(false);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(queue.mock.calls.length).toBe(before);
  });
});
