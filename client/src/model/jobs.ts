/** What a job's record means to somebody who waits for it. */
import type { Job, PutAway } from "../api/types";
import { JOB_STAGES, JOB_STATES, JOBS } from "../words/jobs";
import { formatDay } from "../words/language";

/** Why a run has nothing to show any more. */
export function putAwayWords({ at, why }: PutAway): string {
  return JOBS.putAway(formatDay(new Date(at)), why);
}

export function hasEnded(job: Pick<Job, "state">): boolean {
  return job.state === "done" || job.state === "failed" || job.state === "cancelled";
}

/** The stage in words; a job that has not begun is waiting, whatever its progress says. */
export function activity(job: Job): string {
  if (job.state !== "running") return JOB_STATES[job.state];
  return JOB_STAGES[job.progress.stage] ?? job.progress.stage;
}

/** 0 to 1; null while nobody can know. */
export function fraction({ progress }: Job): number | null {
  return progress.total > 0 ? Math.min(1, progress.done / progress.total) : null;
}

/**
 * The list with this record in it, newest first.
 *
 * Answers and events of one job may overtake each other: an ended job stays ended, and within a
 * stage the count never goes back. (A job may go back to waiting: a restarted service resumes it,
 * and a failed or cancelled one can be run again.)
 */
export function withJob(jobs: readonly Job[], job: Job): readonly Job[] {
  const known = jobs.find(({ id }) => id === job.id);
  if (!known) return [job, ...jobs].sort((a, b) => b.created.localeCompare(a.created));
  if (isOlder(job, known)) return jobs;
  return jobs.map((each) => (each.id === job.id ? job : each));
}

function isOlder(job: Job, known: Job): boolean {
  // Somebody has asked for it again.
  const isOver = known.state === "failed" || known.state === "cancelled" || known.put_away;
  if (isOver && job.state === "queued") return false;
  if (hasEnded(known) !== hasEnded(job)) return hasEnded(known);
  const [a, b] = [job.progress, known.progress];
  return job.state === known.state && a.stage === b.stage && a.done < b.done;
}
