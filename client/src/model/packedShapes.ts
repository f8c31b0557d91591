/** Shapes as plain numbers: handed to another thread at no cost, and found by where they lie. */
import { type Box, centre, type Point } from "./box";
import type { Shape } from "./shapes";

/** Shapes that lie together, by their numbers. */
export interface Block {
  /** Base pixels. */
  readonly box: Box;
  readonly first: number;
  readonly end: number;
}

export interface PackedShapes {
  /** What `points` count from, base pixels: single floats are good for 7 figures. */
  readonly origin: Point;
  /** x and y in turn. */
  readonly points: Float32Array<ArrayBuffer>;
  /** Where the points of each ring begin, and the last's end; in points, not in numbers. */
  readonly rings: Uint32Array<ArrayBuffer>;
  /** Where the rings of each shape begin, and the last's end. */
  readonly shapes: Uint32Array<ArrayBuffer>;
  readonly closed: Uint8Array<ArrayBuffer>;
  /** By shape: its place in `palette`. */
  readonly colours: Uint16Array<ArrayBuffer>;
  readonly palette: readonly string[];
  readonly blocks: readonly Block[];
}

/** Shapes of a block: few enough to look at none in vain, enough to be one stroke. */
const BLOCK = 400;

export function pack(shapes: readonly Shape[]): PackedShapes {
  const boxes = shapes.map(boxOf);
  const whole = boxes.reduce(union, NOWHERE);
  const packer = new Packer(shapes, centre(whole));
  const blocks = gathered(boxes, whole).map((numbers) => {
    const first = packer.count;
    for (const number of numbers) packer.add(shapes[number] as Shape);
    const box = numbers.reduce((all, number) => union(all, boxes[number] ?? all), NOWHERE);
    return { box, first, end: packer.count };
  });
  return packer.finished(blocks);
}

class Packer {
  count = 0;
  private ring = 0;
  private point = 0;
  private readonly places = new Map<string, number>();
  private readonly points: Float32Array<ArrayBuffer>;
  private readonly rings: Uint32Array<ArrayBuffer>;
  private readonly shapes: Uint32Array<ArrayBuffer>;
  private readonly closed: Uint8Array<ArrayBuffer>;
  private readonly colours: Uint16Array<ArrayBuffer>;

  constructor(
    shapes: readonly Shape[],
    private readonly origin: Point,
  ) {
    let [rings, points] = [0, 0];
    for (const shape of shapes) {
      rings += shape.rings.length;
      for (const ring of shape.rings) points += ring.length;
    }
    this.points = new Float32Array(2 * points);
    this.rings = new Uint32Array(rings + 1);
    this.shapes = new Uint32Array(shapes.length + 1);
    this.closed = new Uint8Array(shapes.length);
    this.colours = new Uint16Array(shapes.length);
  }

  add({ rings, closed, color }: Shape): void {
    if (!this.places.has(color)) this.places.set(color, this.places.size);
    this.colours[this.count] = this.places.get(color) ?? 0;
    this.closed[this.count] = Number(closed);
    for (const ring of rings) this.addRing(ring);
    this.shapes[++this.count] = this.ring;
  }

  finished(blocks: readonly Block[]): PackedShapes {
    const { origin, points, rings, shapes, closed, colours } = this;
    return {
      origin,
      points,
      rings,
      shapes,
      closed,
      colours,
      palette: [...this.places.keys()],
      blocks,
    };
  }

  private addRing(ring: readonly Point[]): void {
    for (const { x, y } of ring) {
      this.points[2 * this.point] = x - this.origin.x;
      this.points[2 * this.point++ + 1] = y - this.origin.y;
    }
    this.rings[++this.ring] = this.point;
  }
}

/** What a message may hand over instead of copying. */
export function buffersOf(packed: PackedShapes): ArrayBuffer[] {
  const { points, rings, shapes, closed, colours } = packed;
  return [points, rings, shapes, closed, colours].map(({ buffer }) => buffer);
}

/** Numbers of the shapes whose middles lie in one cell of a grid. */
function gathered(boxes: readonly Box[], whole: Box): number[][] {
  const side = Math.max(1, Math.ceil(Math.sqrt(boxes.length / BLOCK)));
  const groups = new Map<number, number[]>();
  boxes.forEach(([x, y, width, height], number) => {
    const column = cell(x + width / 2 - whole[0], whole[2], side);
    const key = cell(y + height / 2 - whole[1], whole[3], side) * side + column;
    const group = groups.get(key);
    if (group) group.push(number);
    else groups.set(key, [number]);
  });
  return [...groups.values()];
}

function cell(offset: number, length: number, side: number): number {
  return length > 0 ? Math.min(side - 1, Math.floor((offset / length) * side)) : 0;
}

const NOWHERE: Box = [Infinity, Infinity, -Infinity, -Infinity];

function boxOf({ rings }: Shape): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings) {
    for (const { x, y } of ring) {
      left = Math.min(left, x);
      top = Math.min(top, y);
      right = Math.max(right, x);
      bottom = Math.max(bottom, y);
    }
  }
  return [left, top, right - left, bottom - top];
}

function union(a: Box, b: Box): Box {
  if (a === NOWHERE) return b;
  const left = Math.min(a[0], b[0]);
  const top = Math.min(a[1], b[1]);
  const right = Math.max(a[0] + a[2], b[0] + b[2]);
  const bottom = Math.max(a[1] + a[3], b[1] + b[3]);
  return [left, top, right - left, bottom - top];
}
