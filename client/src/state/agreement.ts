/** What the page of the agreement shows, after all that can happen to it. Pure. */
import type { Agreement, AgreementList } from "../api/agreement";
import type { Loadable } from "./state";

export interface AgreementState {
  readonly list: Loadable<AgreementList>;
  readonly agreement: Loadable<Agreement>;
  /** The class whose Dice the pairs show; null for κ over all classes. */
  readonly className: string | null;
}

export const NO_AGREEMENT: AgreementState = {
  list: { status: "loading" },
  agreement: { status: "loading" },
  className: null,
};
