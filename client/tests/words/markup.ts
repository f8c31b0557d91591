/** The markup of a lit template, as far as it takes to tell text from tags and attributes. */

/** Stands for what is put in; no source has it. */
export const PUT_IN = "\uFFFC";

/** A text between two tags, or the value of an attribute. */
export interface Piece {
  /** Its beginning in the template. */
  readonly at: number;
  readonly text: string;
  /** Whose value it is; null for a text. */
  readonly attribute: string | null;
}

const TAG = /<\/?[\w-]+(?:"[^"]*"|'[^']*'|[^>"'])*>/g;
const ATTRIBUTE = /([\w@.?:-]+)=("[^"]*"|'[^']*'|[^\s>]*)/g;

export function piecesOf(template: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const { 0: tag, index } of template.matchAll(TAG)) {
    pieces.push({ at: from, text: template.slice(from, index), attribute: null });
    for (const { 0: whole, 1: attribute = "", 2: value = "", index: at } of tag.matchAll(
      ATTRIBUTE,
    )) {
      const quote = /^["']/.test(value) ? 1 : 0;
      const text = value.slice(quote, value.length - quote);
      pieces.push({ at: index + at + whole.length - value.length + quote, text, attribute });
    }
    from = index + tag.length;
  }
  pieces.push({ at: from, text: template.slice(from), attribute: null });
  return pieces;
}
