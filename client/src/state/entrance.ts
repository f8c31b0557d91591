/** Who is at the viewer. In an archive somebody has to sign in before anything is asked for. */
import type { Api } from "../api/client";
import { ProblemError } from "../api/http";
import type { Problem } from "../api/types";
import { ENTRANCE } from "../words/entrance";
import type { Calls } from "./calls";
import type { Action } from "./reducer";
import { isIn } from "./selectors";
import type { AppState } from "./state";
import type { Store } from "./store";

/** Many tiles fail at once when a session ends; one question answers for all of them. */
const RECHECK_MS = 5000;

export class Entrance {
  private checked = 0;

  constructor(
    private readonly api: Api,
    private readonly store: Store<AppState, Action>,
    private readonly calls: Calls,
    /** Somebody has come in, or come back. */
    private readonly onEntered: () => void,
  ) {}

  /** Asks the service who is there; whoever is there comes in. */
  async identify(): Promise<void> {
    const wasIn = isIn(this.store.state);
    const account = await this.calls.load(() => this.api.session());
    // What is known of somebody who is in already outlives a service that does not answer.
    if (account.status === "failed" && wasIn) return;
    this.store.dispatch({ type: "account", account });
    if (!wasIn && isIn(this.store.state)) this.onEntered();
  }

  async signIn(login: string, password: string): Promise<void> {
    this.store.dispatch({ type: "signIn", change: { busy: true, problem: null } });
    try {
      const value = await this.api.signIn(login, password);
      this.store.dispatch({ type: "account", account: { status: "ready", value } });
      this.store.dispatch({ type: "signIn", change: { busy: false } });
      this.onEntered();
    } catch (error) {
      const problem = this.reason(error);
      this.store.dispatch({ type: "signIn", change: { busy: false, problem } });
    }
  }

  async signOut(): Promise<void> {
    await this.calls.attempt(async () => {
      await this.api.signOut();
      this.store.dispatch({ type: "signedOut" });
    });
  }

  /** The service has refused somebody who was in. */
  lost(): void {
    if (!isIn(this.store.state)) return;
    const detail = ENTRANCE.ended;
    const problem: Problem = { title: detail, status: 401, detail, hint: ENTRANCE.endedHint };
    this.store.dispatch({ type: "signedOut", problem });
  }

  /** A picture could not be had, and pictures do not say why. */
  recheck(): void {
    const now = Date.now();
    if (now - this.checked < RECHECK_MS || !isIn(this.store.state)) return;
    this.checked = now;
    void this.askAgain();
  }

  private async askAgain(): Promise<void> {
    const account = await this.calls.load(() => this.api.session());
    if (account.status !== "ready") return;
    const { mode, user } = account.value;
    if (mode === "dsa" && user === null) this.lost();
  }

  /** Here a 401 is a wrong password, which is no reason to be sent to the form. */
  private reason(error: unknown): Problem {
    return error instanceof ProblemError ? error.problem : this.calls.explain(error);
  }
}
