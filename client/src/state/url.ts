/** The view as an address: whoever opens it sees the same place in the same way. */
import type { Split } from "../api/types";
import type { Camera } from "../model/projection";
import { type Comparison, decodeComparison, encodeComparison } from "./comparison";
import { LEARN_PAGES, type LearnPlace } from "./learn";
import type { DatasetPlace, OverlayMode, OverlaySettings } from "./state";

export interface Address {
  readonly slide: string | null;
  readonly camera: Camera | null;
  readonly run: string | null;
  readonly overlay: Partial<OverlaySettings>;
  readonly comparison: Comparison | null;
  /** What of the data sets is looked at, above the slide; null for nothing of them. */
  readonly dataset: DatasetPlace | null;
  /** Which page about learning is open, above the slide. */
  readonly learn: LearnPlace | null;
  /** All jobs are looked at, above the slide. */
  readonly queue?: boolean;
}

const MODES: readonly OverlayMode[] = ["class", "probability", "uncertainty"];
const SPLITS: readonly Split[] = ["train", "valid", "test"];

export function encodeAddress(address: Address): string {
  const { slide, dataset, learn } = address;
  const parameters = new URLSearchParams();
  if (address.queue) parameters.set("queue", "");
  if (dataset) encodeDataset(parameters, dataset);
  if (learn) parameters.set(learn.page, learn.of ?? "");
  // The queue of a review says which slide is looked at, and where.
  if (slide !== null && learn?.page !== "review") encodeSlide(parameters, slide, address);
  // `#queue`, as people say it.
  return parameters.size > 0 ? `#${parameters}`.replace(/^#queue=/, "#queue") : "";
}

function encodeDataset(parameters: URLSearchParams, { digest, split, region }: DatasetPlace): void {
  parameters.set("dataset", digest ?? "");
  if (split !== null) parameters.set("split", split);
  if (region !== null) parameters.set("region", region);
}

function encodeSlide(
  parameters: URLSearchParams,
  slide: string,
  { camera, run, overlay, comparison }: Address,
): void {
  parameters.set("slide", slide);
  if (camera) {
    parameters.set("x", camera.x.toFixed(1));
    parameters.set("y", camera.y.toFixed(1));
    // Screen pixels per base pixel; five figures place a whole-slide view to a fraction of a pixel.
    parameters.set("zoom", camera.zoom.toPrecision(5));
  }
  if (run !== null) parameters.set("run", run);
  encodeOverlay(parameters, overlay);
  if (comparison) encodeComparison(parameters, comparison);
}

function encodeOverlay(parameters: URLSearchParams, overlay: Partial<OverlaySettings>): void {
  if (overlay.mode) parameters.set("mode", overlay.mode);
  if (overlay.opacity !== undefined) parameters.set("opacity", overlay.opacity.toFixed(2));
  if (overlay.threshold !== undefined) parameters.set("threshold", overlay.threshold.toFixed(2));
  if (overlay.className) parameters.set("class", overlay.className);
  for (const name of overlay.hidden ?? []) parameters.append("hide", name);
  if (overlay.outlines !== undefined) parameters.set("outlines", overlay.outlines ? "1" : "0");
  if (overlay.visible === false) parameters.set("overlay", "0");
}

/** Reads any hash: what is missing or makes no sense is left out, never guessed. */
export function decodeAddress(hash: string): Address {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  return {
    slide: parameters.get("slide") || null,
    camera: decodeCamera(parameters),
    run: parameters.get("run") || null,
    overlay: decodeOverlay(parameters),
    comparison: decodeComparison(parameters),
    dataset: parameters.has("dataset") ? decodeDataset(parameters) : null,
    learn: decodeLearn(parameters),
    ...(parameters.has("queue") && { queue: true }),
  };
}

function decodeDataset(parameters: URLSearchParams): DatasetPlace {
  return {
    digest: parameters.get("dataset") || null,
    split: SPLITS.find((known) => known === parameters.get("split")) ?? null,
    region: parameters.get("region") || null,
  };
}

function decodeLearn(parameters: URLSearchParams): LearnPlace | null {
  const page = LEARN_PAGES.find((name) => parameters.has(name));
  return page ? { page, of: parameters.get(page) || null } : null;
}

function decodeCamera(parameters: URLSearchParams): Camera | null {
  const [x, y, zoom] = ["x", "y", "zoom"].map((name) => numberAt(parameters, name));
  if (x === undefined || y === undefined || zoom === undefined || zoom <= 0) return null;
  return { x, y, zoom };
}

function decodeOverlay(parameters: URLSearchParams): Partial<OverlaySettings> {
  const mode = MODES.find((known) => known === parameters.get("mode"));
  const opacity = numberAt(parameters, "opacity");
  const threshold = numberAt(parameters, "threshold");
  const className = parameters.get("class");
  const hidden = parameters.getAll("hide");
  return {
    ...(mode && { mode }),
    ...(opacity !== undefined && { opacity: clamp(opacity, 0, 1) }),
    ...(threshold !== undefined && { threshold: clamp(threshold, 0.01, 0.99) }),
    ...(className && { className }),
    ...(hidden.length > 0 && { hidden }),
    ...(parameters.has("outlines") && { outlines: parameters.get("outlines") !== "0" }),
    ...(parameters.has("overlay") && { visible: parameters.get("overlay") !== "0" }),
  };
}

function numberAt(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name);
  const value = text ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
