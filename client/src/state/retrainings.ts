/** The next version of a model on its way: asked for, looked at now and then, told when it is there. */
import type { Api } from "../api/client";
import type { Retraining } from "../api/types";
import { hasEnded } from "../model/jobs";
import { type Calls, UNREACHABLE } from "./calls";
import type { Action } from "./reducer";
import type { AppState } from "./state";
import type { Store } from "./store";

/** It takes minutes; a stream would hold one of the browser's connections all that time. */
const PAUSE_MS = 2500;

export class Retrainings {
  private waiting: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly api: Api,
    private readonly store: Store<AppState, Action>,
    private readonly calls: Calls,
    /** One that was under way has ended. */
    private readonly onEnded: (retraining: Retraining) => void,
  ) {}

  async load(): Promise<void> {
    const problem = await this.calls.attempt(async () => this.heard(await this.api.retraining()));
    if (problem?.status === UNREACHABLE) this.lookAgain();
  }

  async start(model: string): Promise<void> {
    await this.calls.attempt(async () => this.heard(await this.api.retrain(model)));
  }

  async cancel(job: string): Promise<void> {
    await this.calls.attempt(async () => this.heard(await this.api.cancelRetraining(job)));
  }

  private heard(retraining: Retraining | null): void {
    const before = this.store.state.retraining;
    this.store.dispatch({ type: "retraining", retraining });
    this.lookAgain();
    if (!retraining || before?.id !== retraining.id) return;
    if (hasEnded(retraining) && !hasEnded(before)) this.onEnded(retraining);
  }

  private lookAgain(): void {
    const { retraining } = this.store.state;
    if (this.waiting !== null) clearTimeout(this.waiting);
    this.waiting = null;
    if (retraining && !hasEnded(retraining)) {
      this.waiting = setTimeout(() => void this.load(), PAUSE_MS);
    }
  }
}
