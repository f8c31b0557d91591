/** What the service says when the desk asks it for something to show. */
import { ProblemError } from "../api/http";
import type { Loadable } from "../state/state";
import { NOTICES } from "../words/notices";

/**
 * The answer as a value, or the reason why there is none.
 *
 * @param onTrouble hears of what is no answer at all.
 */
export async function asked<T>(
  call: () => Promise<T>,
  onTrouble: (error: unknown) => void,
): Promise<Loadable<T>> {
  try {
    return { status: "ready", value: await call() };
  } catch (error) {
    if (error instanceof ProblemError) return { status: "failed", problem: error.problem };
    onTrouble(error);
    const title = NOTICES.goneSentence;
    const problem = { title, status: 0, detail: title, hint: null };
    return { status: "failed", problem };
  }
}
