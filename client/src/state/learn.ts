/** What the pages about learning show, after all that can happen to them. Pure. */
import type { Epoch, ModelRecord } from "../api/learn";
import type { AgreementState } from "./agreement";
import type { ReviewState } from "./review";
import type { Loadable } from "./state";

export const LEARN_PAGES = ["models", "review", "agreement"] as const;
export type LearnPageName = (typeof LEARN_PAGES)[number];

/** Which of the pages is open, and at what. */
export interface LearnPlace {
  readonly page: LearnPageName;
  /** A model's reference, a queue's id, or a report's name; null for the one that there is to begin with. */
  readonly of: string | null;
}

/** A change of the version that is used, before the reader has said yes. */
export interface VersionWish {
  readonly what: "promote" | "rollback";
  readonly busy: boolean;
}

export interface LearnState {
  readonly place: LearnPlace;
  readonly model: Loadable<ModelRecord>;
  readonly epochs: Loadable<readonly Epoch[]>;
  readonly wish: VersionWish | null;
  /** Null before anything of it was heard. */
  readonly review: ReviewState | null;
  /** Null before anything of it was heard. */
  readonly agreement: AgreementState | null;
}

export type LearnAction =
  /** Opens a page, or goes on within it; null closes it. */
  | { readonly type: "learnPlace"; readonly place: LearnPlace | null }
  /** Something of the place was heard; nobody's when the reader has gone on. */
  | { readonly type: "learned"; readonly place: LearnPlace; readonly change: Partial<LearnState> };

const LOADING = { status: "loading" } as const;

export function reduceLearn(state: LearnState | null, action: LearnAction): LearnState | null {
  if (action.type === "learnPlace") {
    const { place } = action;
    if (place && state && isSamePlace(place, state.place)) return state;
    return (
      place && {
        place,
        model: LOADING,
        epochs: LOADING,
        wish: null,
        review: null,
        agreement: keptReports(state, place),
      }
    );
  }
  return state && isSamePlace(action.place, state.place) ? { ...state, ...action.change } : state;
}

/** From one report to the next the list of them stays. */
function keptReports(state: LearnState | null, { page }: LearnPlace): AgreementState | null {
  const known = page === "agreement" ? state?.agreement : null;
  return known ? { ...known, agreement: LOADING } : null;
}

export function isSamePlace(one: LearnPlace, other: LearnPlace): boolean {
  return one.page === other.page && one.of === other.of;
}
