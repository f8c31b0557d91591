/** Two views of a slide, laid together. */
import type { DifferenceKind } from "../api/layers";

export const COMPARE = {
  bar: "Comparison",
  left: "On the left",
  right: "On the right",
  swap: "Change sides",
  how: "How to compare",
  end: "End the comparison",
  modes: { side: "Side by side", swipe: "Swipe", difference: "Differences" },
  /** What a person drew, among what can be compared with. */
  drawn: (name: string) => `drawn: ${name}`,
  divider: "Divider between the two views",
  dividerTitle: "Drag, or move with the arrow keys",
} as const;

/** One of two views: within a sentence, and at the head of a column. */
export interface Side {
  readonly inSentence: string;
  readonly head: string;
}

const KINDS: Readonly<Record<DifferenceKind, (left: Side, right: Side) => string>> = {
  only_this: (left) => `a class only ${left.inSentence}`,
  only_other: (_, right) => `a class only ${right.inSentence}`,
  other_class: () => "another class on either side",
};

export const DISAGREEMENT = {
  nothingInCommon: "Both have no place in common: there is nothing to compare.",
  differ: (share: string) => `They differ on ${share} of what both speak of.`,
  kinds: KINDS,
  inModel: (model: string): Side => ({ inSentence: `in ${model}`, head: model }),
  left: { inSentence: "on the left", head: "left" },
  right: { inSentence: "on the right", head: "right" },
  byHand: { inSentence: "drawn by hand", head: "by hand" },
  betweenRuns: (threshold: string) =>
    `At threshold ${threshold}, where both runs looked. Dice: 1 where both are the same.`,
  withDrawing: (threshold: string) =>
    `At threshold ${threshold}, within the “roi” outlines of the annotation, or else the box around ` +
    "what was drawn. Dice: 1 where both are the same.",
} as const;
