/** What it means that people agree so far and no further. */
import type { AgreementModel, AgreementPair } from "../api/agreement";
import type { CeilingFigure } from "../api/learn";

/** A pair's figure: κ over all classes, or Dice of one; undefined where the two share no region. */
export function pairFigure(
  pairs: readonly AgreementPair[],
  one: string,
  other: string,
  className: string | null,
): number | null | undefined {
  const pair = pairs.find(
    (each) =>
      (each.one === one && each.other === other) || (each.one === other && each.other === one),
  );
  return pair && (className === null ? pair.cohen_kappa : pair.dice[className]);
}

/** What the figures of one class say about what to do next, in a sentence. */
export function meaning(
  className: string,
  ceiling: CeilingFigure | undefined,
  model: AgreementModel | null,
): string {
  if (!ceiling || ceiling.dice === null) {
    return "Nobody has drawn it where another could have: what people agree on is not known.";
  }
  if (ceiling.people < 2) return "One person alone: what people agree on is not known.";
  if (!model) return "There is no model to compare.";
  if (!model.classes.includes(className)) return `${model.reference} does not know this class.`;
  const dice = model.dice[className];
  if (dice === null || dice === undefined) {
    return `How good ${model.reference} is was not measured here: evaluate it first.`;
  }
  const short = ceiling.dice - dice;
  return short > 0
    ? `${model.reference} is ${short.toFixed(3)} below what people reach: more regions, or corrected ones, can still show.`
    : `${model.reference} is as good as people agree. More labels of this kind cannot show it to be better: settle what is disputed first.`;
}
