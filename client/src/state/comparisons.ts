/** Keeps a comparison whole: both sides are there, differ, and their figures are known. */
import type { Api } from "../api/client";
import type { ComparedWith } from "../api/types";
import type { Calls } from "./calls";
import { comparisonWith, isSame, suggestedOther } from "./comparison";
import { debounce } from "./debounce";
import type { Action } from "./reducer";
import type { AppState } from "./state";
import type { Store } from "./store";

/** A threshold that is still moving needs no figures. */
const PAUSE_MS = 400;

export class Comparisons {
  private shownRun: string | null = null;
  private asked = "";
  private readonly drawn = new Set<string>();
  private readonly countSoon = debounce(() => void this.count(), PAUSE_MS);

  constructor(
    private readonly api: Api,
    private readonly store: Store<AppState, Action>,
    private readonly calls: Calls,
    /** Has the shapes of an annotation loaded. */
    private readonly onWanted: (annotation: string) => void,
  ) {
    // Later, because it may change the state itself: nobody is to hear of the older one last.
    store.subscribe(() => queueMicrotask(() => this.follow(store.state)));
  }

  start(other: ComparedWith | null): void {
    const chosen = other ?? suggestedOther(this.store.state);
    if (chosen) this.store.dispatch({ type: "comparison", comparison: comparisonWith(chosen) });
  }

  swap(): void {
    const { comparison, slide } = this.store.state;
    if (comparison?.other.kind !== "run" || !slide?.runId) return;
    // The rest follows: two sides that are the same change places.
    this.store.dispatch({ type: "runSelected", runId: comparison.other.id });
  }

  private follow(state: AppState): void {
    const before = this.shownRun;
    this.shownRun = state.slide?.runId ?? null;
    const { comparison } = state;
    if (!comparison) {
      this.asked = "";
      this.drawn.clear();
      return;
    }
    const { other } = comparison;
    if (isGone(state, other)) {
      this.store.dispatch({ type: "comparison", comparison: null });
    } else if (other.kind === "run" && other.id === this.shownRun) {
      this.giveWay(before);
    } else {
      this.draw(state, other);
      this.countWhenOther(state, other);
    }
  }

  private giveWay(before: string | null): void {
    if (before === null || before === this.shownRun) {
      this.store.dispatch({ type: "comparison", comparison: null });
      return;
    }
    this.store.dispatch({
      type: "comparisonChanged",
      change: { other: { kind: "run", id: before } },
    });
  }

  private draw({ slide }: AppState, other: ComparedWith): void {
    if (other.kind !== "annotation" || slide?.annotations.status !== "ready") return;
    if (slide.awaited.includes(other.id)) return;
    if (other.id in slide.drawn) {
      // What was changed since is to be loaded anew.
      this.drawn.delete(other.id);
    } else if (!this.drawn.has(other.id)) {
      this.drawn.add(other.id);
      this.onWanted(other.id);
    }
  }

  private countWhenOther({ slide, overlay }: AppState, other: ComparedWith): void {
    if (!slide?.runs || !slide.runId) return;
    // A run that is not done is not compared: once it is, the question is another one.
    const states = slide.runs
      .filter(({ id }) => id === slide.runId || id === other.id)
      .map((run) => run.state);
    const question = [slide.runId, other.kind, other.id, overlay.threshold, ...states].join();
    if (question === this.asked) return;
    this.asked = question;
    this.countSoon();
  }

  private async count(): Promise<void> {
    const { comparison, slide, overlay } = this.store.state;
    if (!comparison || !slide?.runId) return;
    const { other } = comparison;
    const { runId } = slide;
    const figures = await this.calls.load(() =>
      this.api.disagreement(runId, other, overlay.threshold),
    );
    const now = this.store.state;
    const isStill = now.comparison && isSame(now.comparison.other, other);
    if (isStill && now.slide?.runId === runId && now.overlay.threshold === overlay.threshold) {
      this.store.dispatch({ type: "comparisonFigures", figures });
    }
  }
}

/** Deleted since the address was written. */
function isGone({ slide }: AppState, other: ComparedWith): boolean {
  if (other.kind === "run") {
    return slide?.runs != null && !slide.runs.some(({ id }) => id === other.id);
  }
  const { annotations } = slide ?? {};
  return annotations?.status === "ready" && !annotations.value.some(({ id }) => id === other.id);
}
