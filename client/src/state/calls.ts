/** Calls to the service whose failures end where the reader sees them: once, in the right place. */
import { isAbort, ProblemError, UnreachableError } from "../api/http";
import type { Problem } from "../api/types";
import { NOTICES } from "../words/notices";
import type { Action } from "./reducer";
import type { AppState, Loadable } from "./state";
import type { Store } from "./store";

export interface CallEvents {
  readonly onUnreachable: () => void;
  /** The service does not know, or no longer, who asks. */
  readonly onSignedOut: () => void;
}

const TOAST_MS = 9000;
const UNAUTHORIZED = 401;
/** Of a problem that is no answer: the service may be back in a moment. */
export const UNREACHABLE = 0;

export class Calls {
  private toasts = 0;

  constructor(
    private readonly store: Store<AppState, Action>,
    private readonly events: CallEvents,
  ) {}

  /** The answer as a value, or the reason why there is none. */
  async load<T>(call: () => Promise<T>): Promise<Loadable<T>> {
    try {
      return { status: "ready", value: await call() };
    } catch (error) {
      return { status: "failed", problem: this.explain(error) };
    }
  }

  /** Does it, or says in a toast why it cannot be done, and to the caller. */
  async attempt(call: () => Promise<void>): Promise<Problem | null> {
    try {
      await call();
    } catch (error) {
      if (isAbort(error)) return null;
      const problem = this.explain(error);
      const { status, detail, hint } = problem;
      // The banner and the sign-in form speak for themselves.
      if (status !== UNREACHABLE && status !== UNAUTHORIZED) this.toast(detail, hint);
      return problem;
    }
    return null;
  }

  explain(error: unknown): Problem {
    if (error instanceof ProblemError) {
      if (error.problem.status === UNAUTHORIZED) this.events.onSignedOut();
      return error.problem;
    }
    if (!(error instanceof UnreachableError)) throw error;
    // The banner says it, once; a toast for every failed call would only repeat it.
    this.events.onUnreachable();
    return {
      title: NOTICES.gone,
      status: UNREACHABLE,
      detail: NOTICES.goneSentence,
      hint: NOTICES.trying,
    };
  }

  dismissToast(id: number): void {
    this.store.dispatch({ type: "toastDismissed", id });
  }

  private toast(text: string, hint: string | null): void {
    const id = ++this.toasts;
    this.store.dispatch({ type: "toast", toast: { id, text, hint } });
    setTimeout(() => this.dismissToast(id), TOAST_MS);
  }
}
