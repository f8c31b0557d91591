import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Areas, DrawnRegion, FindingsApi, Lineage, RunRegion } from "../src/api/findings";
import type { Mpp } from "../src/api/types";
import { areaOf, lengthOf, measured } from "../src/model/measure";
import { Findings } from "../src/state/findings";
import { type Action, reduce } from "../src/state/reducer";
import { type AppState, INITIAL_STATE } from "../src/state/state";
import { Store } from "../src/state/store";
import { run, slide } from "./records";

const MPP: Mpp = { x: 0.5, y: 0.25, source: "metadata" };
const SQUARE = [
  { x: 0, y: 0 },
  { x: 1000, y: 0 },
  { x: 1000, y: 1000 },
  { x: 0, y: 1000 },
];

describe("measuring", () => {
  it("takes the pixel's width and height for what they are", () => {
    expect(lengthOf(SQUARE.slice(0, 3), MPP)).toBe(500 + 250);
    expect(areaOf(SQUARE, MPP)).toBe(500 * 250);
    expect(areaOf([...SQUARE].reverse(), MPP)).toBe(500 * 250);
  });

  it("says µm, then mm, and areas with their way around", () => {
    expect(measured("length", SQUARE.slice(0, 2), MPP)).toBe("500 µm");
    expect(measured("length", SQUARE, MPP)).toBe("1.25 mm");
    expect(measured("area", SQUARE, MPP)).toBe("0.13 mm² · around 1.50 mm");
  });

  it("says what to doubt of it", () => {
    const assumed = measured("length", SQUARE.slice(0, 2), { ...MPP, source: "assumed" });
    expect(assumed).toBe("500 µm · pixel size assumed");
    expect(measured("length", SQUARE.slice(0, 2), { ...MPP, source: "user" })).toMatch(
      "set by you",
    );
    expect(measured("length", SQUARE.slice(0, 2), null)).toMatch("px · pixel size unknown");
    expect(measured("area", SQUARE, null)).toMatch("px²");
  });
});

const LINEAGE = { run: "run", model: "tumor@2" } as Lineage;
const PREDICTED: RunRegion = {
  region: {
    class: "tumor",
    color: "#ff0000",
    area_mm2: 1,
    probability: 0.9,
    threshold: 0.5,
    geometry: null,
  },
  lineage: LINEAGE,
};
const NOTHING_DRAWN: DrawnRegion = { region: null, annotation: null };
const DRAWN: DrawnRegion = {
  region: { class: "stroma", area_mm2: 1, geometry: { type: "Polygon", coordinates: [] } },
  annotation: null,
};

const OPENED: Action[] = [
  {
    type: "slideOpened",
    id: "slide",
    view: { camera: null, runId: "run", overlay: {}, comparison: null },
  },
  { type: "slideDetail", id: "slide", detail: { status: "ready", value: slide({}) } },
  { type: "runs", slide: "slide", runs: [run({ report: {} }), run({ id: "other", report: {} })] },
];

function draw(id: string): Action {
  return { type: "annotationDrawn", slide: "slide", id, shapes: [] };
}

describe("findings", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function setUp(change: Partial<FindingsApi> = {}) {
    const areas = vi.fn(async (_run: string, threshold: number) => ({ threshold }) as Areas);
    const api = { areas, runRegion: async () => PREDICTED, ...change } as FindingsApi;
    const store = new Store<AppState, Action>(reduce, INITIAL_STATE);
    const trouble = vi.fn();
    const findings = new Findings(api, store, () => undefined, trouble);
    for (const action of OPENED) store.dispatch(action);
    return { store, findings, areas, trouble };
  }

  it("are measured for the threshold that the slider came to rest at", async () => {
    const { store, findings, areas } = setUp();
    store.dispatch({ type: "overlay", change: { threshold: 0.6 } });
    store.dispatch({ type: "overlay", change: { threshold: 0.7 } });
    await vi.runAllTimersAsync();
    expect(areas.mock.calls).toEqual([["run", 0.7]]);
    expect(findings.state.areas?.threshold).toBe(0.7);
  });

  it("are another run's as soon as that is on show", async () => {
    const { store, findings } = setUp();
    await vi.runAllTimersAsync();
    await findings.click({ x: 1, y: 1 });
    expect(findings.state.card?.kind).toBe("run");
    store.dispatch({ type: "runSelected", runId: "other" });
    expect(findings.state).toEqual({ areas: null, card: null });
  });

  it("prefer what a person drew to what a run says", async () => {
    const drawnRegion = vi.fn(async (_slide: string, id: string) =>
      id === "hit" ? DRAWN : NOTHING_DRAWN,
    );
    const { store, findings } = setUp({ drawnRegion });
    store.dispatch(draw("miss"));
    await findings.click({ x: 1, y: 1 });
    expect(findings.state.card?.kind).toBe("run");
    store.dispatch(draw("hit"));
    await findings.click({ x: 1, y: 1 });
    expect(findings.state.card).toEqual({ kind: "drawn", found: DRAWN });
  });

  it("of a drawing go with its slide, whether or not there is a run", async () => {
    const { store, findings } = setUp({ drawnRegion: async () => DRAWN });
    store.dispatch({ type: "runSelected", runId: null });
    store.dispatch(draw("hit"));
    await findings.click({ x: 1, y: 1 });
    expect(findings.state.card?.kind).toBe("drawn");
    const view = { camera: null, runId: null, overlay: {}, comparison: null };
    store.dispatch({ type: "slideOpened", id: "other", view });
    expect(findings.state.card).toBeNull();
  });

  it("close with a click beside everything", async () => {
    const runRegion = vi
      .fn<FindingsApi["runRegion"]>()
      .mockResolvedValueOnce(PREDICTED)
      .mockResolvedValue({ region: null, lineage: LINEAGE });
    const { findings } = setUp({ runRegion });
    await findings.click({ x: 1, y: 1 });
    expect(findings.state.card).not.toBeNull();
    await findings.click({ x: 9, y: 9 });
    expect(findings.state.card).toBeNull();
  });

  it("say nothing late: a card that was closed meanwhile stays closed", async () => {
    const { findings } = setUp();
    const clicked = findings.click({ x: 1, y: 1 });
    findings.close();
    await clicked;
    expect(findings.state.card).toBeNull();
  });
});
