/** Listens to the events of every job of the open slide that is under way, and to no others. */
import type { Api } from "../api/client";
import type { Job } from "../api/types";
import type { Box } from "../model/box";
import type { Action } from "./reducer";
import { activeJobs } from "./selectors";
import type { AppState } from "./state";
import type { Store } from "./store";

export interface FollowerEvents {
  readonly onJob: (job: Job) => void;
  /** Regions of a run that have just been predicted; null when nobody knows which. */
  readonly onTiles: (run: string, boxes: readonly Box[] | null) => void;
  readonly onTrouble: () => void;
}

/** Every stream holds one of the browser's six connections to the service. */
const MOST_STREAMS = 2;

export class JobFollower {
  private readonly streams = new Map<string, () => void>();

  constructor(
    private readonly api: Api,
    private readonly store: Store<AppState, Action>,
    private readonly events: FollowerEvents,
  ) {
    store.subscribe((state) => this.reconcile(state));
  }

  private reconcile(state: AppState): void {
    // The oldest jobs under way are those that run; the others wait for them.
    const jobs = activeJobs(state).slice(-MOST_STREAMS);
    for (const [id, stop] of this.streams) {
      if (jobs.some((job) => job.id === id)) continue;
      stop();
      this.streams.delete(id);
    }
    for (const { id } of jobs) {
      if (!this.streams.has(id)) this.streams.set(id, this.follow(id));
    }
  }

  private follow(id: string): () => void {
    return this.api.follow(id, {
      onJob: this.events.onJob,
      onTiles: (boxes) => this.report(id, boxes),
      onGap: () => this.report(id, null),
      onTrouble: this.events.onTrouble,
    });
  }

  private report(jobId: string, boxes: readonly Box[] | null): void {
    const job = this.store.state.slide?.jobs.find(({ id }) => id === jobId);
    if (job?.run) this.events.onTiles(job.run, boxes);
  }
}
