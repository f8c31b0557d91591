/** What it means that people agree so far and no further. */
import type { AgreementModel, AgreementPair } from "../api/agreement";
import type { CeilingFigure } from "../api/learn";
import { MEANING } from "../words/agreement";

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
    return MEANING.notDrawn;
  }
  if (ceiling.people < 2) return MEANING.onePerson;
  if (!model) return MEANING.noModel;
  if (!model.classes.includes(className)) return MEANING.unknownClass(model.reference);
  const dice = model.dice[className];
  if (dice === null || dice === undefined) {
    return MEANING.notMeasured(model.reference);
  }
  const short = ceiling.dice - dice;
  return short > 0
    ? MEANING.below(model.reference, short.toFixed(3))
    : MEANING.reached(model.reference);
}
