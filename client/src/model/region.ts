/**
 * Regions and what can be done to them: unite, subtract, intersect, split, brush.
 *
 * All of it in base pixels. Clipper2 reckons in whole numbers and therefore never fails on nearly
 * parallel edges; we give it hundredths of a pixel, far finer than any pointer.
 */
import {
  booleanOpWithPolyTree,
  ClipType,
  EndType,
  FillRule,
  inflatePaths,
  JoinType,
  type Path64,
  type Paths64,
  type PolyPath64,
  PolyTree64,
} from "clipper2-ts";
import type { Box, Point } from "./box";

export type Ring = readonly Point[];

/** One piece of the plane; its rings are not closed by repeating the first point. */
export interface Region {
  readonly outer: Ring;
  readonly holes: readonly Ring[];
}

/** Steps per base pixel. */
const GRID = 100;
/** What is smaller than this, in square base pixels, is a crumb and not a region. */
const CRUMB = 0.05;
/** Half the width of a cut: a fiftieth of a pixel that nobody sees or misses. */
const CUT = 1;

/** All that lies in any of them. Overlapping and touching ones become one. */
export function unite(regions: readonly Region[]): readonly Region[] {
  return combined(ClipType.Union, regions, []);
}

export function subtract(from: readonly Region[], what: readonly Region[]): readonly Region[] {
  return combined(ClipType.Difference, from, what);
}

export function intersect(a: readonly Region[], b: readonly Region[]): readonly Region[] {
  return combined(ClipType.Intersection, a, b);
}

/** What a drawn ring encloses. Where it crosses itself, each loop counts; crumbs do not. */
export function enclosed(ring: Ring): readonly Region[] {
  if (ring.length < 3) return [];
  return run(ClipType.Union, [toPath(ring)], [], FillRule.NonZero);
}

/** What a round brush covers on its way. A single point is a dab. */
export function brushed(way: Ring, radius: number): readonly Region[] {
  if (way.length === 0 || radius <= 0) return [];
  // The corners of the circle lie no further than this from it: an eye sees none at any zoom.
  const tolerance = Math.max(1, (radius * GRID) / 200);
  const path = toPath(way);
  const dots =
    path.length > 1 && path.every((each) => same(each, path[0])) ? path.slice(0, 1) : path;
  const grown = inflatePaths([dots], radius * GRID, JoinType.Round, EndType.Round, 2, tolerance);
  return run(ClipType.Union, grown, [], FillRule.NonZero);
}

/** The region's pieces on the line's sides; the region alone where the line does not part it. */
export function split(region: Region, line: Ring): readonly Region[] {
  if (line.length < 2) return [region];
  const cut = inflatePaths([toPath(line)], CUT, JoinType.Miter, EndType.Square);
  const pieces = run(ClipType.Difference, toPaths(region), cut, FillRule.NonZero);
  if (pieces.length < 2) return [region];
  // Where the line ends within a piece it has left a slit: closed again.
  return pieces.flatMap((piece) => {
    const grown = inflatePaths(toPaths(piece), CUT + 1, JoinType.Miter, EndType.Polygon);
    const shrunk = inflatePaths(grown, -CUT - 1, JoinType.Miter, EndType.Polygon);
    return run(ClipType.Union, shrunk, [], FillRule.NonZero);
  });
}

/**
 * The same line with fewer points, none further than `tolerance` from the line as it was.
 *
 * Douglas and Peucker's, with the distance from the piece and not, as Clipper's, from the endless
 * line through it: a stroke goes back the way that it came, and ends where it began.
 */
export function simplified(line: Ring, tolerance: number): Ring {
  const kept = new Set([0, line.length - 1]);
  const open: [number, number][] = [[0, line.length - 1]];
  for (let piece = open.pop(); piece; piece = open.pop()) {
    const [from, to] = piece;
    const far = farthest(line, from, to);
    if (far.distance <= tolerance) continue;
    kept.add(far.index);
    open.push([from, far.index], [far.index, to]);
  }
  return line.filter((_, index) => kept.has(index));
}

/** Each ring with fewer points. One that the tolerance would swallow stays as it is. */
export function simplifiedRegion({ outer, holes }: Region, tolerance: number): Region {
  const thin = (ring: Ring): Ring => {
    const fewer = simplifiedClosed(ring, tolerance);
    return fewer.length < 3 ? ring : fewer;
  };
  return { outer: thin(outer), holes: holes.map(thin) };
}

export function isWithin(point: Point, { outer, holes }: Region): boolean {
  return inRing(point, outer) && !holes.some((hole) => inRing(point, hole));
}

/** In square base pixels, less its holes. */
export function areaOf({ outer, holes }: Region): number {
  const own = Math.abs(signedArea(outer));
  return holes.reduce((left, hole) => left - Math.abs(signedArea(hole)), own);
}

export function boundsOf(ring: Ring): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of ring) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x);
    bottom = Math.max(bottom, y);
  }
  return ring.length === 0 ? [0, 0, 0, 0] : [left, top, right - left, bottom - top];
}

/** Douglas–Peucker holds both ends fast: a closed ring is parted at its two farthest corners. */
function simplifiedClosed(ring: Ring, tolerance: number): Ring {
  const [first] = ring;
  if (!first || ring.length < 5) return ring;
  let far = 0;
  let most = 0;
  ring.forEach(({ x, y }, index) => {
    const distance = Math.hypot(x - first.x, y - first.y);
    if (distance > most) [far, most] = [index, distance];
  });
  const there = simplified(ring.slice(0, far + 1), tolerance);
  const back = simplified([...ring.slice(far), first], tolerance);
  return [...there, ...back.slice(1, -1)];
}

function farthest(line: Ring, from: number, to: number) {
  const [a, b] = [line[from], line[to]];
  let best = { index: from, distance: 0 };
  if (!a || !b) return best;
  for (let index = from + 1; index < to; index++) {
    const distance = distanceFrom(line[index] ?? a, a, b);
    if (distance > best.distance) best = { index, distance };
  }
  return best;
}

/** Of a point from a piece of a straight line. */
export function distanceFrom({ x, y }: Point, a: Point, b: Point): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : ((x - a.x) * dx + (y - a.y) * dy) / length;
  const along = Math.min(1, Math.max(0, t));
  return Math.hypot(a.x + along * dx - x, a.y + along * dy - y);
}

function combined(
  how: ClipType,
  subject: readonly Region[],
  clip: readonly Region[],
): readonly Region[] {
  return run(how, subject.flatMap(toPaths), clip.flatMap(toPaths), FillRule.NonZero);
}

function run(how: ClipType, subject: Paths64, clip: Paths64, rule: FillRule): readonly Region[] {
  const tree = new PolyTree64();
  booleanOpWithPolyTree(how, subject, clip, tree, rule);
  return regionsIn(tree);
}

/** A tree's levels are by turns outer rings and holes. */
function regionsIn(parent: PolyPath64): readonly Region[] {
  return childrenOf(parent).flatMap((node) => {
    const holes = childrenOf(node);
    const region = {
      outer: toRing(node.poly ?? []),
      holes: holes.map((hole) => toRing(hole.poly ?? [])).filter(isMoreThanCrumb),
    };
    const inner = holes.flatMap(regionsIn);
    return isMoreThanCrumb(region.outer) ? [region, ...inner] : inner;
  });
}

function childrenOf(node: PolyPath64): readonly PolyPath64[] {
  return Array.from({ length: node.count }, (_, index) => node.child(index));
}

function isMoreThanCrumb(ring: Ring): boolean {
  return Math.abs(signedArea(ring)) > CRUMB;
}

/** Outer rings one way round and holes the other, so that the winding tells them apart. */
function toPaths({ outer, holes }: Region): Paths64 {
  return [wound(toPath(outer), 1), ...holes.map((hole) => wound(toPath(hole), -1))];
}

function wound(path: Path64, sign: 1 | -1): Path64 {
  return Math.sign(signedArea(path)) === -sign ? path.reverse() : path;
}

function toPath(ring: Ring): Path64 {
  return ring.map(({ x, y }) => ({ x: Math.round(x * GRID), y: Math.round(y * GRID) }));
}

function toRing(path: Path64): Ring {
  return path.map(({ x, y }) => ({ x: x / GRID, y: y / GRID }));
}

function same(a: Point, b: Point | undefined): boolean {
  return a.x === b?.x && a.y === b.y;
}

function signedArea(ring: Ring): number {
  let sum = 0;
  let before = ring.at(-1);
  for (const point of ring) {
    if (before) sum += before.x * point.y - point.x * before.y;
    before = point;
  }
  return sum / 2;
}

function inRing({ x, y }: Point, ring: Ring): boolean {
  let isIn = false;
  let before = ring.at(-1);
  for (const point of ring) {
    if (before && before.y > y !== point.y > y) {
      const crossing = before.x + ((y - before.y) / (point.y - before.y)) * (point.x - before.x);
      if (x < crossing) isIn = !isIn;
    }
    before = point;
  }
  return isIn;
}
