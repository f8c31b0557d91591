/** Two views of one slide: the run on show, and another run or a person's annotation. Pure. */
import type { ComparedWith, Disagreement, Run } from "../api/types";
import type { AppState, Loadable } from "./state";

/** Beside each other, one over the other up to a divider, or just where they differ. */
export type ComparisonMode = "side" | "swipe" | "difference";

export interface Comparison {
  readonly other: ComparedWith;
  readonly mode: ComparisonMode;
  /** How far from the left the swipe's divider stands, 0 to 1. */
  readonly divider: number;
}

export interface ComparisonState extends Comparison {
  /** How far both agree at the threshold on show. */
  readonly figures: Loadable<Disagreement>;
}

export type ComparisonAction =
  | { readonly type: "comparison"; readonly comparison: Comparison | null }
  | { readonly type: "comparisonChanged"; readonly change: Partial<Comparison> }
  | { readonly type: "comparisonFigures"; readonly figures: Loadable<Disagreement> };

const MODES: readonly ComparisonMode[] = ["side", "swipe", "difference"];
const LOADING = { status: "loading" } as const;
const MIDDLE = 0.5;

export function reduceComparison(
  comparison: ComparisonState | null,
  action: ComparisonAction,
): ComparisonState | null {
  if (action.type === "comparison") return restoredComparison(action.comparison);
  if (!comparison) return null;
  if (action.type === "comparisonFigures") return { ...comparison, figures: action.figures };
  const changed = { ...comparison, ...action.change };
  const divider = Math.min(1, Math.max(0, changed.divider));
  return { ...changed, divider };
}

export function restoredComparison(comparison: Comparison | null): ComparisonState | null {
  return comparison && { ...comparison, figures: LOADING };
}

export function comparisonWith(other: ComparedWith): Comparison {
  return { other, mode: "side", divider: MIDDLE };
}

export function isSame(a: ComparedWith, b: ComparedWith): boolean {
  return a.kind === b.kind && a.id === b.id;
}

export interface Candidate {
  readonly other: ComparedWith;
  readonly name: string;
  /** When, as ISO 8601. */
  readonly at: string | null;
  readonly by: string;
}

/** All that the run on show can be compared with: runs, newest first, then what people drew. */
export function candidates({ slide }: AppState): readonly Candidate[] {
  const runs = (slide?.runs ?? [])
    .filter(({ id }) => id !== slide?.runId)
    .map((run) => runCandidate(run));
  const { annotations } = slide ?? {};
  const drawn = annotations?.status === "ready" ? annotations.value : [];
  return [
    ...runs,
    ...drawn
      .filter(({ attributes, elements_count: count }) => count > 0 && !("run" in attributes))
      .map(
        ({ id, name, updated, by }): Candidate => ({
          other: { kind: "annotation", id },
          name,
          at: updated,
          by,
        }),
      ),
  ];
}

export function runCandidate({ id, model, created }: Run): Candidate {
  return { other: { kind: "run", id }, name: model, at: created ?? null, by: "" };
}

/** Another version of the same model first: what a retraining has changed is the usual question. */
export function suggestedOther(state: AppState): ComparedWith | null {
  const runs = state.slide?.runs ?? [];
  const shown = runs.find(({ id }) => id === state.slide?.runId);
  if (!shown) return null;
  const others = runs.filter(({ id, state: jobState }) => id !== shown.id && jobState === "done");
  const sibling = others.find(
    ({ model }) => model !== shown.model && nameOf(model) === nameOf(shown.model),
  );
  const run = sibling ?? others.find(({ model }) => model !== shown.model);
  if (run) return { kind: "run", id: run.id };
  const all = candidates(state).map(({ other }) => other);
  return all.find(({ kind }) => kind === "annotation") ?? all[0] ?? null;
}

function nameOf(model: string): string {
  return model.split("@")[0] ?? model;
}

/** The state as the other side's layers are to see it; null while nothing is compared. */
export function otherSide(state: AppState): AppState | null {
  const { comparison, slide } = state;
  if (!comparison || !slide) return null;
  const { kind, id } = comparison.other;
  const shapes = slide.drawn[id];
  const drawn = kind === "annotation" && shapes ? { [id]: shapes } : {};
  const runId = kind === "run" ? id : null;
  return { ...state, comparison: null, slide: { ...slide, runId, drawn } };
}

/** The state as this side's layers are to see it: without what stands on the other side. */
export function thisSide(state: AppState): AppState {
  const { comparison, slide } = state;
  if (!comparison || !slide || comparison.other.kind !== "annotation") return state;
  const drawn = Object.entries(slide.drawn).filter(([id]) => id !== comparison.other.id);
  return { ...state, slide: { ...slide, drawn: Object.fromEntries(drawn) } };
}

export function encodeComparison(
  parameters: URLSearchParams,
  { other, mode, divider }: Comparison,
): void {
  parameters.set("compare", `${other.kind}:${other.id}`);
  parameters.set("as", mode);
  if (mode === "swipe") parameters.set("divider", divider.toFixed(2));
}

export function decodeComparison(parameters: URLSearchParams): Comparison | null {
  const [kind, ...rest] = (parameters.get("compare") ?? "").split(":");
  const id = rest.join(":");
  if ((kind !== "run" && kind !== "annotation") || !id) return null;
  const mode = MODES.find((known) => known === parameters.get("as")) ?? "side";
  const divider = Number(parameters.get("divider") ?? MIDDLE);
  const isPlace = divider >= 0 && divider <= 1;
  return { other: { kind, id }, mode, divider: isPlace ? divider : MIDDLE };
}
