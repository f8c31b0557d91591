/** The review queue: regions worth a person's time, and what was said to them. */
import type { Box } from "../model/box";
import { getJson, send } from "./http";
import type { AnnotationDocument } from "./types";

/** The model is right; nearly so, to be corrected; nothing is said of this region. */
export type Verdict = "accept" | "fix" | "skip";

export interface QueueSummary {
  readonly id: string;
  readonly name: string;
  readonly made: string;
  readonly model: string;
  readonly regions_count: number;
  readonly said_count: number;
}

/** A piece of work of the service that is nobody's job. */
export interface Errand {
  readonly state: "running" | "done" | "failed" | "cancelled";
  readonly said: string;
  readonly failure: string;
  readonly hint: string;
}

export interface QueueList {
  /** Newest first. */
  readonly queues: readonly QueueSummary[];
  readonly making: Errand | null;
  /** Why the reader cannot have one made. */
  readonly missing: { readonly detail: string; readonly hint: string | null } | null;
}

export interface ReviewRegion {
  /** Its place in the queue, from 1. */
  readonly number: number;
  readonly slide: { readonly id: string; readonly name: string };
  readonly box: Box;
  readonly area_mm2: number | null;
  readonly uncertainty: number;
  readonly disagreement: number;
  /** Share that the model expects of each class, and of none. */
  readonly expected: Readonly<Record<string, number>>;
  readonly picture: string;
  readonly said: { readonly verdict: Verdict; readonly by: string; readonly at: string } | null;
  /** The annotation that it became. */
  readonly annotation: string | null;
  /** Whether somebody has changed that since. */
  readonly changed: boolean;
  readonly dice: number | null;
}

export interface ReviewGains {
  readonly reviewed: number;
  readonly skipped: number;
  readonly corrected: number;
  /** To be fixed, and not changed yet. */
  readonly open: number;
  readonly area_mm2: number;
  /** Of the model and what people have made of its answers. */
  readonly dice: number | null;
}

export interface ReviewProgress {
  readonly regions: readonly ReviewRegion[];
  readonly gains: ReviewGains;
  /** Regions of slides that the reader may not see. */
  readonly hidden: number;
}

export interface ReviewQueue extends QueueSummary, ReviewProgress {}

export interface ReviewApi {
  queues(): Promise<QueueList>;
  makeQueue(): Promise<void>;
  cancelQueue(): Promise<void>;
  queue(id: string): Promise<ReviewQueue>;
  /** What the model takes a region for. */
  reviewAnswer(queue: string, number: number): Promise<AnnotationDocument>;
  /** Kept when it answers. */
  say(queue: string, number: number, verdict: Verdict): Promise<ReviewProgress>;
}

const id = encodeURIComponent;

/** `root` is where the page lives, as in `createApi`. */
export function createReviewApi(root: string): ReviewApi {
  const at = (relative: string): string => new URL(`api/review${relative}`, root).href;
  const region = (queue: string, number: number) => at(`/${id(queue)}/regions/${number}`);
  return {
    queues: () => getJson(at("")),
    makeQueue: async () => void (await send(at(""), { method: "POST", body: {} })),
    cancelQueue: async () => void (await send(at("/cancel"), { method: "POST" })),
    queue: (queue) => getJson(at(`/${id(queue)}`)),
    reviewAnswer: (queue, number) => getJson(region(queue, number)),
    say: async (queue, number, verdict) => {
      const answer = await send(region(queue, number), { method: "PUT", body: { verdict } });
      return (await answer.json()) as ReviewProgress;
    },
  };
}
