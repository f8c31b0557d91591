/** What is known before a segmentation, and about all of them, in words. */
import type { Estimate, Preflight } from "../api/launch";
import type { Job } from "../api/types";
import { QUEUE } from "../words/jobs";
import { formatInteger } from "../words/language";
import { CHECK } from "../words/launch";
import { DURATIONS, UNITS } from "../words/units";
import type { Box } from "./box";
import { fixed, formatDuration, formatPitch } from "./format";
import { hasEnded } from "./jobs";

/** A slide's pixels and a model's are the same to the eye within this. */
const SAME = 0.05;

export function slideScaleWords({ slide }: Preflight["scale"]): string {
  return CHECK.slideScale(UNITS.micrometresPerPixel(formatPitch(slide.x, slide.y)), slide.source);
}

/** Whether the slide has the model's scale, and what is done about it. */
export function scaleVerdict({ factor, model, predicted }: Preflight["scale"]): string {
  if (Math.abs(factor - 1) <= SAME) return CHECK.sameScale;
  if (factor > 1) return CHECK.shrunk(fixed(factor));
  const isStillCoarser = predicted > model * (1 + SAME);
  return (isStillCoarser ? CHECK.enlargedNotEnough : CHECK.enlarged)(fixed(1 / factor));
}

export function timeWords({ seconds }: Estimate): string {
  return DURATIONS.about(formatDuration(seconds));
}

export function timeSource({ source, runs, tiles }: Estimate): string {
  if (source === "samples") return CHECK.timeFromSamples;
  return CHECK.timeFromRuns(runs, formatInteger(tiles));
}

export function formatBytes(bytes: number): string {
  const units = UNITS.bytes;
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** power;
  const figure = value < 10 && power > 1 ? value.toFixed(1) : String(Math.round(value));
  return `${figure} ${units[power]}`;
}

/** A scale as somebody types it, with a point or a comma; null where it is none. */
export function readMpp(text: string): number | null {
  const value = Number(text.trim().replace(",", "."));
  return text.trim() !== "" && value >= 0.02 && value <= 30 ? value : null;
}

/** Where a job failed, in base pixels; null where nobody knows. */
export function placeOfFailure({ failure }: Job): Box | null {
  const parts = typeof failure?.tile === "string" ? failure.tile.split(",").map(Number) : [];
  const [x, y, width, height] = parts;
  if (x === undefined || y === undefined || !width || !height) return null;
  return parts.every(Number.isFinite) && parts.length === 4 ? [x, y, width, height] : null;
}

const ORDER = { running: 0, queued: 1, done: 2, failed: 2, cancelled: 2 } as const;
const URGENCY = { high: 0, normal: 1, low: 2 } as const;

/** What is computed first, then what waits, the urgent first, then the rest, newest first. */
export function inTurn(jobs: readonly Job[]): readonly Job[] {
  return [...jobs].sort((a, b) => {
    const order = ORDER[a.state] - ORDER[b.state];
    if (order !== 0) return order;
    const older = a.created.localeCompare(b.created);
    if (hasEnded(a)) return -older;
    return URGENCY[a.priority ?? "normal"] - URGENCY[b.priority ?? "normal"] || older;
  });
}

/** "1 running · 3 waiting · 1 failed". */
export function queueLine(jobs: readonly Job[]): string {
  return Object.entries(QUEUE.counts)
    .map(([state, words]) => [jobs.filter((job) => job.state === state).length, words] as const)
    .filter(([count]) => count > 0)
    .map(([count, words]) => words(count))
    .join(" · ");
}
