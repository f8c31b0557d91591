/** Records as the service sends them, for tests to vary. */
import type { Job, Model, Run, SlideDetail } from "../src/api/types";

export function job(change: Partial<Job>): Job {
  return {
    id: "job",
    kind: "segment",
    state: "queued",
    slide: "slide",
    slide_name: "slide.svs",
    model: "tumor@1",
    roi: null,
    run: null,
    created: "2026-01-01T00:00:00Z",
    started: null,
    finished: null,
    progress: { stage: "starting", done: 0, total: 0, tiles_per_s: null, eta_s: null },
    failure: null,
    ...change,
  };
}

export function run(change: Partial<Run>): Run {
  return {
    id: "run",
    job: "job",
    slide: "slide",
    model: "tissue@1",
    classes: [
      { name: "tumor", code: 1, color: "#ff0000" },
      { name: "stroma", code: 2, color: "#00ff00" },
    ],
    mpp: 1,
    roi: null,
    threshold: 0.5,
    state: "done",
    report: null,
    ...change,
  };
}

export function slide(change: Partial<SlideDetail>): SlideDetail {
  return {
    id: "slide",
    name: "slide.svs",
    width: 4096,
    height: 2048,
    mpp: { x: 0.5, y: 0.5, source: "metadata" },
    thumbnail: "/api/slides/slide/thumbnail",
    problem: null,
    tile_width: 256,
    tile_height: 256,
    max_zoom: 4,
    format: "svs",
    fingerprint: "0",
    folders: [],
    editable: true,
    ...change,
  };
}

export const MODEL: Model = {
  name: "tumor",
  version: "1",
  reference: "tumor@1",
  default: true,
  tags: [],
  classes: [],
  mpp: 1,
  summary: "",
  notice: "",
};
