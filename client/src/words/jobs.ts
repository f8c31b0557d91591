/** Jobs: what they are doing, how they ended, and all of them in the queue. */
import type { JobStage, JobState } from "../api/types";
import type { Parts } from "./language";

const done = "Done";

export const JOB_STATES: Readonly<Record<JobState, string>> = {
  queued: "Waiting",
  running: "Running",
  done,
  failed: "Failed",
  cancelled: "Cancelled",
};

export const JOB_STAGES: Readonly<Record<JobStage, string>> = {
  starting: "Starting",
  tissue: "Finding the tissue",
  room: "Waiting for room on the disk, which other runs need",
  calibrate: "Making the int8 network",
  predict: "Predicting",
  trace: "Tracing outlines",
  write: "Writing the results",
  push: "Handing over the result",
  waiting: "Waiting for the archive, which does not answer",
  done,
};

export const JOBS = {
  job: "Job",
  tiles: (finished: string, total: string) => `${finished} of ${total} tiles`,
  /** Of tiles, or of whatever else was done. */
  within: (what: string, duration: string) => `${what} in ${duration}`,
  again: "Run again",
  againAnew: "It is computed anew",
  againOn: "It goes on from what is finished",
  keep: "Keep this run",
  keepTitle: "Old runs may be put away to make room, this one is not",
  /** Why a run has nothing to show any more. */
  putAway: (day: string, why: string) =>
    `Put away on ${day}: ${why}. Its annotations are still there; run it again to see its probabilities.`,
} as const;

export const QUEUE = {
  title: "Queue",
  note: "What is computed, what waits",
  loading: "Reading the jobs…",
  none: "Nothing has been asked for yet.",
  /** The names of two buttons stand out. */
  howToAsk: <T>(segment: T, select: T): Parts<T> => [
    "Open a slide and press ",
    segment,
    ", or press ",
    select,
    " above the list of slides, tick several and segment them all. They appear here, go on when you " +
      "close this page, and can be cancelled and run again.",
  ],
  refused: (reason: string) => `Not asked for: ${reason}`,
  openSlide: "Open the slide",
  begins: "begins when there is room",
  progressOf: (slide: string) => `Progress of ${slide}`,
  when: (slide: string) => `When ${slide} is computed`,
  showPlace: "Show the place on the slide",
  /** "1 running · 3 waiting · 1 failed" */
  counts: {
    running: (jobs: number) => `${jobs} running`,
    queued: (jobs: number) => `${jobs} waiting`,
    failed: (jobs: number) => `${jobs} failed`,
    done: (jobs: number) => `${jobs} done`,
  },
} as const;
