/** What a retraining's record means to people. */
import type { Retraining } from "../api/types";
import { STATE_WORDS } from "./jobs";

const STAGE_WORDS: Record<string, string> = {
  annotations: "Gathering annotations",
  compare: "Comparing with the active version",
};

/** What it is doing, or how it has ended; the verdict is the gate's own. */
export function retrainingWords({ state, progress, verdict, failure }: Retraining): string {
  if (state === "done") return verdict ?? STATE_WORDS.done;
  if (state === "failed") return failure?.cause ?? STATE_WORDS.failed;
  if (state !== "running") return STATE_WORDS[state];
  const { stage, done, total } = progress;
  if (stage === "train") return total > 0 ? `Training, epoch ${done} of ${total}` : "Training";
  return STAGE_WORDS[stage] ?? "Starting";
}
