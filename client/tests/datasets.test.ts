import { describe, expect, it, vi } from "vitest";
import type { Api } from "../src/api/client";
import { ProblemError } from "../src/api/http";
import type { Dataset, DatasetRegion } from "../src/api/types";
import { extentWords, sharesOf, splitsLine } from "../src/model/dataset";
import { cameraOn } from "../src/model/projection";
import { Calls } from "../src/state/calls";
import { regionsOf, shownRegion } from "../src/state/datasetPage";
import { ALL, Datasets } from "../src/state/datasets";
import { type Action, reduce } from "../src/state/reducer";
import { type AppState, type DatasetPage, INITIAL_STATE } from "../src/state/state";
import { Store } from "../src/state/store";
import { slide } from "./records";

function region(change: Partial<DatasetRegion>): DatasetRegion {
  return {
    name: "r1",
    split: "train",
    slide: { id: "slide", name: "slide.svs", fingerprint: "0" },
    patient: "p1",
    box: [100, 200, 400, 200],
    mpp: { x: 0.5, y: 0.5 },
    size: [400, 200],
    consensus: "majority",
    annotators: ["anna", "bert"],
    pixels: { classes: { tumor: 20_000, stroma: 40_000 }, none: 0, ignored: 20_000 },
    corrected: 0,
    ...change,
  };
}

function dataset(change: Partial<Dataset>): Dataset {
  return {
    digest: "new",
    name: "pilot",
    made: "2026-01-01T00:00:00+00:00",
    regions: { train: 2, valid: 0, test: 1 },
    slides: 2,
    patients: 2,
    classes: [
      { name: "tumor", color: "#ff0000" },
      { name: "stroma", color: "#ff7d00" },
    ],
    background: "stroma",
    consensus: "majority",
    split: "patient",
    annotators: ["anna", "bert"],
    rois: [region({}), region({ name: "r2" }), region({ name: "r3", split: "test" })],
    complaints: [],
    ...change,
  };
}

describe("a region in words", () => {
  it("is taught as so much of each class, of none of them, and of nothing", () => {
    const shares = sharesOf(region({}), dataset({})).map(({ name, share }) => [name, share]);
    expect(shares).toEqual([
      ["tumor", 0.25],
      ["stroma", 0.5],
      ["ignored", 0.25],
    ]);
    const none = region({ pixels: { classes: {}, none: 80_000, ignored: 0 } });
    expect(sharesOf(none, dataset({})).at(-1)).toMatchObject({
      name: "none of the classes",
      share: 1,
    });
  });

  it("says its extent and the splits of its data set", () => {
    expect(extentWords(region({}))).toBe("400 × 200 px at 0.50 µm/px · 0.20 × 0.10 mm");
    expect(splitsLine(dataset({}))).toBe("2 training · 1 test");
  });

  it("is seen as a whole, with something around it", () => {
    expect(cameraOn([100, 200, 400, 200], 960, 960)).toEqual({ x: 300, y: 300, zoom: 2 });
    expect(cameraOn([100, 200, 400, 200], 960, 240).zoom).toBe(1);
  });
});

function opened(change: Partial<Api> = {}) {
  const api = {
    datasets: async () => ({ datasets: [dataset({}), dataset({ digest: "old" })], broken: [] }),
    dataset: vi.fn<Api["dataset"]>(async (digest) => dataset({ digest })),
    slide: async () => slide({ fingerprint: "0" }),
    ...change,
  };
  const store = new Store<AppState, Action>(reduce, INITIAL_STATE);
  const calls = new Calls(store, { onUnreachable: () => {}, onSignedOut: () => {} });
  const datasets = new Datasets(api as Partial<Api> as Api, store, calls);
  const page = (): DatasetPage => {
    if (!store.state.datasets) throw new Error("the page is closed");
    return store.state.datasets;
  };
  return { api, store, datasets, page };
}

describe("the page of the data sets", () => {
  it("opens at the newest, or at the one and the region that an address names", async () => {
    const { datasets, page } = opened();
    await datasets.show(ALL);
    expect(page().place.digest).toBe("new");
    expect(page().dataset).toMatchObject({ status: "ready", value: { digest: "new" } });
    await datasets.show(null);
    await datasets.show({ digest: "old", split: null, region: "r3" });
    expect(shownRegion(page())?.name).toBe("r3");
    expect(page().slide).toMatchObject({ status: "ready", value: { fingerprint: "0" } });
    expect(page().list.status).toBe("ready");
  });

  it("stays open, without one, where there are none", async () => {
    const { api, datasets, page } = opened({
      datasets: async () => ({ datasets: [], broken: [] }),
    });
    await datasets.show(ALL);
    expect(page().place.digest).toBeNull();
    expect(api.dataset).not.toHaveBeenCalled();
  });

  it("narrows to a split, turns its pages within it, and goes back step by step", async () => {
    const { api, store, datasets, page } = opened();
    await datasets.show(ALL);
    datasets.change({ split: "train" });
    expect(regionsOf(page()).map(({ name }) => name)).toEqual(["r1", "r2"]);
    datasets.change({ region: "r1" });
    datasets.turn(1);
    datasets.turn(1);
    expect(page().place).toEqual({ digest: "new", split: "train", region: "r2" });
    datasets.turn(-1);
    expect(page().place.region).toBe("r1");
    datasets.stepBack();
    expect(page().place).toEqual({ digest: "new", split: "train", region: null });
    datasets.stepBack();
    expect(store.state.datasets).toBeNull();
    expect(api.dataset).toHaveBeenCalledOnce();
  });

  it("shows another data set as a whole, and no late answer of the one before", async () => {
    const { store, datasets, page } = opened();
    await datasets.show({ digest: "new", split: "test", region: "r3" });
    datasets.change({ digest: "old", region: null });
    expect(page().place).toEqual({ ...ALL, digest: "old" });
    const late = { status: "ready", value: dataset({}) } as const;
    store.dispatch({ type: "dataset", digest: "new", dataset: late });
    store.dispatch({ type: "datasetSlide", id: "other", slide: { status: "loading" } });
    expect(page().dataset.status).toBe("loading");
    await vi.waitFor(() => expect(page().dataset.status).toBe("ready"));
  });

  it("says why there is nothing to see", async () => {
    const detail = "only administrators may see data sets";
    const no = () =>
      Promise.reject(new ProblemError({ title: "", status: 403, detail, hint: null }));
    const { datasets, page } = opened({ datasets: no });
    await datasets.show(ALL);
    expect(page().list).toMatchObject({ status: "failed", problem: { detail } });
    const gone = opened({ slide: no });
    await gone.datasets.show({ digest: "new", split: null, region: "r1" });
    expect(gone.page().slide.status).toBe("failed");
  });
});
