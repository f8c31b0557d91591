/** What a retraining's record means to people. */
import type { Retraining } from "../api/types";
import { STATE_WORDS } from "./jobs";

const STAGE_WORDS: Record<string, string> = {
  annotations: "Gathering annotations",
  compare: "Comparing with the active version",
};

/** What it is doing, or how it has ended; the verdict is the gate's own. */
export function retrainingWords({ state, progress, headline, failure }: Retraining): string {
  if (state === "done") return headline ? capitalised(headline) : STATE_WORDS.done;
  if (state === "failed") return failure?.cause ?? STATE_WORDS.failed;
  if (state !== "running") return STATE_WORDS[state];
  const { stage, done, total } = progress;
  if (stage === "train") return total > 0 ? `Training, epoch ${done} of ${total}` : "Training";
  return STAGE_WORDS[stage] ?? "Starting";
}

export type Outcome = "promoted" | "kept" | "failed";

/** How it has come out; null while nobody can know, and where it was stopped. */
export function outcomeOf({ state, promoted }: Retraining): Outcome | null {
  if (state === "failed") return "failed";
  if (state !== "done" || promoted === null) return null;
  return promoted ? "promoted" : "kept";
}

/** The gate speaks as within a sentence. */
export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
