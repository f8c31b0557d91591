/** What is known before a segmentation, and about all of them, in words. */
import type { Estimate, Preflight } from "../api/launch";
import type { Job, Priority } from "../api/types";
import type { Box } from "./box";
import { fixed, formatDuration, formatInteger, formatPitch } from "./format";
import { hasEnded } from "./jobs";

/** A slide's pixels and a model's are the same to the eye within this. */
const SAME = 0.05;

const SOURCES = { metadata: "from the file", user: "given by you", assumed: "assumed" } as const;

export function slideScaleWords({ slide }: Preflight["scale"]): string {
  return `${formatPitch(slide.x, slide.y)} µm/px, ${SOURCES[slide.source]}`;
}

/** Whether the slide has the model's scale, and what is done about it. */
export function scaleVerdict({ factor, model, predicted }: Preflight["scale"]): string {
  if (Math.abs(factor - 1) <= SAME) return "the same scale: nothing is resampled";
  if (factor > 1) return `shrunk ${fixed(factor)} times to the model's scale`;
  const still = predicted > model * (1 + SAME) ? `, still coarser than the model's` : "";
  return `enlarged ${fixed(1 / factor)} times${still}: it shows no more than was scanned`;
}

export function timeWords({ seconds }: Estimate): string {
  return `about ${formatDuration(seconds)}`;
}

export function timeSource({ source, runs, tiles }: Estimate): string {
  if (source === "samples") return "from the sample tiles below, without getting ready";
  const many = runs === 1 ? "one earlier run" : `${runs} earlier runs`;
  return `from ${many} of this model here (${formatInteger(tiles)} tiles)`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

export function formatBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** power;
  return `${value < 10 && power > 1 ? value.toFixed(1) : Math.round(value)} ${UNITS[power]}`;
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

export const PRIORITY_WORDS: Readonly<Record<Priority, string>> = {
  high: "before the others",
  normal: "in its turn",
  low: "when nothing else waits",
};

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
  const words = { running: "running", queued: "waiting", failed: "failed", done: "done" } as const;
  return Object.entries(words)
    .map(([state, word]) => [jobs.filter((job) => job.state === state).length, word] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(" · ");
}
