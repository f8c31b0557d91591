/** The ways in which two views differ: Okabe and Ito's colours, which all kinds of eyes tell apart. */
import type { DifferenceKind } from "../api/layers";

export interface Difference {
  readonly kind: DifferenceKind;
  /** `#rrggbb` */
  readonly color: string;
}

export const DIFFERENCES: readonly Difference[] = [
  { kind: "only_this", color: "#e69f00" },
  { kind: "only_other", color: "#56b4e9" },
  { kind: "other_class", color: "#101010" },
];
