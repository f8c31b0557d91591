/** The calls before and after a segmentation is asked for: preflights, several slides, the queue. */
import type { Box } from "../model/box";
import { getJson, send } from "./http";
import type { Job, ModelClass, Mpp, Priority } from "./types";

export type Precision = "fp32" | "int8";
export type Runtime = "auto" | "openvino" | "tensorflow";

/** What a segmentation and a preflight have in common. */
export interface Manner {
  readonly precision?: Precision;
  readonly runtime?: Runtime;
  /** µm per base pixel, in the place of what the slide says. */
  readonly slide_mpp?: number;
}

export interface PreflightRequest extends Manner {
  readonly slide: string;
  readonly model: string;
  readonly threshold: number;
  readonly roi?: Box;
}

export interface Estimate {
  readonly seconds: number;
  readonly per_tile: number;
  readonly source: "runs" | "samples";
  readonly runs: number;
  readonly tiles: number;
}

export interface SampleTile {
  readonly box: Box;
  /** Address of the picture; with `layer=class` of what the model sees there. */
  readonly picture: string;
}

export interface Preflight {
  readonly id: string;
  readonly slide: string;
  readonly slide_name: string;
  readonly model: string;
  readonly scale: {
    readonly slide: Mpp;
    /** µm/px, as the slide is predicted at `predicted`. */
    readonly model: number;
    readonly predicted: number;
    /** Base pixels per pixel that the model sees. */
    readonly factor: number;
    readonly doubtful: boolean;
  };
  readonly tissue: { readonly share: number; readonly mm2: number };
  readonly tiles: { readonly total: number; readonly tissue: number };
  /** Null until something was measured. */
  readonly time: Estimate | null;
  /** Bytes. */
  readonly disk: { readonly needed: number; readonly free: number; readonly enough: boolean };
  readonly samples: {
    readonly state: "running" | "done" | "failed";
    readonly problem: { readonly detail: string; readonly hint: string | null } | null;
    readonly tiles: readonly SampleTile[];
  };
  readonly classes: readonly ModelClass[];
  readonly warnings: readonly string[];
}

export interface BatchRequest extends Omit<Manner, "slide_mpp"> {
  readonly slides: readonly string[];
  readonly model: string;
  readonly threshold: number;
  readonly replace?: boolean;
}

/** A slide of which no job could be made. */
export interface Refused {
  readonly slide: string;
  readonly detail: string;
  readonly hint: string | null;
}

export interface BatchAnswer {
  readonly jobs: readonly Job[];
  readonly refused: readonly Refused[];
}

export interface LaunchApi {
  preflight(request: PreflightRequest): Promise<Preflight>;
  preflightAgain(id: string): Promise<Preflight>;
  segmentAll(request: BatchRequest): Promise<BatchAnswer>;
  /** All jobs of the account, of an administrator everybody's; newest first. */
  queue(): Promise<readonly Job[]>;
  setPriority(job: string, priority: Priority): Promise<Job>;
  sampleUrl(tile: SampleTile, layer: "picture" | "class", threshold: number): string;
}

export function launchCalls(at: (relative: string) => string): LaunchApi {
  const post = async <T>(relative: string, body: unknown): Promise<T> =>
    (await (await send(at(relative), { method: "POST", body })).json()) as T;
  return {
    preflight: (request) => post("preflights", request),
    preflightAgain: (id) => getJson(at(`preflights/${encodeURIComponent(id)}`)),
    segmentAll: (request) => post("jobs", { kind: "segment", ...request }),
    queue: async () => (await getJson<{ jobs: Job[] }>(at("jobs?whose=account&limit=200"))).jobs,
    setPriority: async (job, priority) => {
      const url = at(`jobs/${encodeURIComponent(job)}/priority`);
      return (await (await send(url, { method: "PUT", body: { priority } })).json()) as Job;
    },
    sampleUrl: ({ picture }, layer, threshold) =>
      at(`${picture.replace(/^\/api\//, "")}?layer=${layer}&threshold=${threshold.toFixed(2)}`),
  };
}
