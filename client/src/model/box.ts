/** Boxes in base pixels: the slide's finest level, origin top left, half-open. */

export type Box = readonly [x: number, y: number, width: number, height: number];

export interface Point {
  readonly x: number;
  readonly y: number;
}

export function area([, , width, height]: Box): number {
  return width * height;
}

export function centre([x, y, width, height]: Box): Point {
  return { x: x + width / 2, y: y + height / 2 };
}

export function intersection(a: Box, b: Box): Box | null {
  const left = Math.max(a[0], b[0]);
  const top = Math.max(a[1], b[1]);
  const right = Math.min(a[0] + a[2], b[0] + b[2]);
  const bottom = Math.min(a[1] + a[3], b[1] + b[3]);
  return right > left && bottom > top ? [left, top, right - left, bottom - top] : null;
}

export function overlaps(a: Box, b: Box): boolean {
  return intersection(a, b) !== null;
}

/** As `overlaps`, of boxes that may be as thin as a line, too. */
export function touches(a: Box, b: Box): boolean {
  return a[0] <= b[0] + b[2] && b[0] <= a[0] + a[2] && a[1] <= b[1] + b[3] && b[1] <= a[1] + a[3];
}

export function contains(outer: Box, inner: Box): boolean {
  return (
    inner[0] >= outer[0] &&
    inner[1] >= outer[1] &&
    inner[0] + inner[2] <= outer[0] + outer[2] &&
    inner[1] + inner[3] <= outer[1] + outer[3]
  );
}

/** The box scaled about its centre: factor 1.5 adds a quarter of its size on every side. */
export function scaled([x, y, width, height]: Box, factor: number): Box {
  const dx = (width * (factor - 1)) / 2;
  const dy = (height * (factor - 1)) / 2;
  return [x - dx, y - dy, width + 2 * dx, height + 2 * dy];
}

/** The box with a margin on every side. */
export function grown([x, y, width, height]: Box, margin: number): Box {
  return [x - margin, y - margin, width + 2 * margin, height + 2 * margin];
}

/** The smallest box with whole coordinates that covers this one. */
export function rounded([x, y, width, height]: Box): Box {
  const left = Math.floor(x);
  const top = Math.floor(y);
  return [left, top, Math.ceil(x + width) - left, Math.ceil(y + height) - top];
}

/** The box that two opposite corners span, in whichever order they were given. */
export function spanned(a: Point, b: Point): Box {
  return [Math.min(a.x, b.x), Math.min(a.y, b.y), Math.abs(a.x - b.x), Math.abs(a.y - b.y)];
}

export function sameBox(a: Box | null, b: Box | null): boolean {
  if (a === null || b === null) return a === b;
  return a.every((value, index) => value === b[index]);
}
