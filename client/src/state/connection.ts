/** Whether the service is there: a slow heartbeat, a quicker one while it is gone. */
import type { Api } from "../api/client";
import type { Action } from "./reducer";
import type { AppState } from "./state";
import type { Store } from "./store";

const HEARTBEAT_MS = 15_000;
const RETRY_MS = 2_000;

export class Connection {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private checking = false;

  constructor(
    private readonly api: Api,
    private readonly store: Store<AppState, Action>,
    private readonly onReturn: () => void,
  ) {}

  start(): void {
    this.schedule();
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) void this.check();
    });
  }

  /** Asks at once; call it when something else has failed to get an answer. */
  async check(): Promise<void> {
    if (this.checking) return;
    this.checking = true;
    const isBack = await this.isThere();
    this.checking = false;
    const wasOnline = this.store.state.online;
    this.store.dispatch({ type: "connection", online: isBack });
    if (isBack && !wasOnline) this.onReturn();
    this.schedule();
  }

  private async isThere(): Promise<boolean> {
    try {
      await this.api.health();
      return true;
    } catch {
      return false;
    }
  }

  private schedule(): void {
    clearTimeout(this.timer);
    const pause = this.store.state.online ? HEARTBEAT_MS : RETRY_MS;
    this.timer = setTimeout(() => {
      // Nobody looks: the check on becoming visible makes up for it.
      if (document.hidden) this.schedule();
      else void this.check();
    }, pause);
  }
}
