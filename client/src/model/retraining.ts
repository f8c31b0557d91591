/** What a retraining's record means to people. */
import type { Retraining } from "../api/types";
import { JOB_STAGES, JOB_STATES } from "../words/jobs";
import { RETRAIN } from "../words/retrain";

/** What it is doing, or how it has ended; the verdict is the gate's own. */
export function retrainingWords({ state, progress, headline, failure }: Retraining): string {
  if (state === "done") return headline ? capitalised(headline) : JOB_STATES.done;
  if (state === "failed") return failure?.cause ?? JOB_STATES.failed;
  if (state !== "running") return JOB_STATES[state];
  const { stage, done, total } = progress;
  if (stage === "train") return total > 0 ? RETRAIN.trainingEpoch(done, total) : RETRAIN.training;
  return RETRAIN.stages[stage] ?? JOB_STAGES.starting;
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
