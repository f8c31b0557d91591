/**
 * Elements of an annotation while they are drawn on: what region they cover, and how one is made.
 *
 * Elements are never changed, only replaced, so that what is worked out of one can be remembered.
 * Whatever another program has put into an element stays in it.
 */
import type { AnnotationElement } from "../api/types";
import { type Box, overlaps, type Point } from "../model/box";
import { parseColour } from "../model/colour";
import { areaOf, boundsOf, distanceFrom, isWithin, type Region, type Ring } from "../model/region";
import { ringsOf } from "../model/shapes";

/** A class to draw with. */
export interface DrawClass {
  readonly name: string;
  /** `#rrggbb` */
  readonly colour: string;
  /** What models call it by; missing in what was drawn elsewhere. */
  readonly code?: number;
  readonly is_roi?: boolean;
}

export interface DrawnElement extends AnnotationElement {
  /** 24 hexadecimal digits. */
  readonly id: string;
}

/** Its name is stored with what is drawn: the same in every language. */
export const UNCLASSED: DrawClass = { name: "Unclassified", colour: "#ffd24a" };

const FILL_OPACITY = 0.18;
const LINE_WIDTH = 2;
const ID_BYTES = 12;

/** As the archive makes them; not by `randomUUID`, which plain http does not have. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Elements as a store gave them; one without an id gets one. */
export function drawable(elements: readonly AnnotationElement[]): readonly DrawnElement[] {
  return elements.map((element) => ({ ...element, id: element.id ?? newId() }));
}

export function classOf({ group, label, lineColor }: DrawnElement): DrawClass {
  const name = group ?? label?.value ?? UNCLASSED.name;
  return { name, colour: hexOf(lineColor) ?? UNCLASSED.colour };
}

/** What says that an element is of this class, to the archive and to whoever trains on it. */
export function styleOf({ name, colour }: DrawClass): Partial<AnnotationElement> {
  const rgb = parseColour(colour).join(", ");
  return {
    group: name,
    label: { value: name },
    lineColor: `rgb(${rgb})`,
    fillColor: `rgba(${rgb}, ${FILL_OPACITY})`,
    lineWidth: LINE_WIDTH,
  };
}

export function polygon(region: Region, of: DrawClass): DrawnElement {
  return { ...shapeOf(region), ...styleOf(of), id: newId() };
}

export function rectangle([x, y, width, height]: Box, of: DrawClass): DrawnElement {
  const center = [x + width / 2, y + height / 2, 0];
  return { type: "rectangle", center, width, height, rotation: 0, ...styleOf(of), id: newId() };
}

export function ellipse(box: Box, of: DrawClass): DrawnElement {
  return { ...rectangle(box, of), type: "ellipse" };
}

export function point({ x, y }: Point, of: DrawClass): DrawnElement {
  return { type: "point", center: [x, y, 0], ...styleOf(of), id: newId() };
}

/** The element with another region in its place; a rectangle or an ellipse becomes a polygon. */
export function reshaped(element: DrawnElement, region: Region): DrawnElement {
  const { center: _c, width: _w, height: _h, radius: _r, rotation: _o, ...rest } = element;
  return { ...rest, ...shapeOf(region) };
}

function shapeOf({ outer, holes }: Region) {
  return { type: "polyline", closed: true, points: flat(outer), holes: holes.map(flat) };
}

function flat(ring: Ring): readonly (readonly number[])[] {
  return ring.map(({ x, y }) => [x, y, 0]);
}

const regions = new WeakMap<DrawnElement, Region | null>();

/** What the element covers; null for points, open lines and what is no shape at all. */
export function regionOf(element: DrawnElement): Region | null {
  let region = regions.get(element);
  if (region === undefined) {
    region = coversArea(element) ? toRegion(ringsOf(element)) : null;
    regions.set(element, region);
  }
  return region;
}

function toRegion([outer, ...holes]: readonly Ring[]): Region | null {
  return outer && outer.length > 2 ? { outer, holes } : null;
}

function coversArea({ type, closed }: DrawnElement): boolean {
  return type === "polyline" ? closed === true : ["rectangle", "ellipse", "circle"].includes(type);
}

const bounds = new WeakMap<DrawnElement, Box>();

/** The smallest box around what is seen of it. */
export function boxOf(element: DrawnElement): Box {
  let box = bounds.get(element);
  if (!box) {
    box = boundsOf(ringsOf(element)[0] ?? []);
    bounds.set(element, box);
  }
  return box;
}

export function centreOf({ center = [] }: DrawnElement): Point {
  const [x = 0, y = 0] = center;
  return { x, y };
}

/** The element under a place: the smallest that covers it, so that what lies on top is found. */
export function elementAt(
  elements: readonly DrawnElement[],
  at: Point,
  reach: number,
): DrawnElement | null {
  const around: Box = [at.x - reach, at.y - reach, 2 * reach, 2 * reach];
  const hit = elements.filter((element) => touches(element, at, around, reach));
  const size = (element: DrawnElement): number => {
    const region = regionOf(element);
    return region ? areaOf(region) : 0;
  };
  return hit.reduce<DrawnElement | null>(
    (best, each) => (best && size(best) < size(each) ? best : each),
    null,
  );
}

function touches(element: DrawnElement, at: Point, around: Box, reach: number): boolean {
  if (element.type === "point") {
    const { x, y } = centreOf(element);
    return Math.hypot(x - at.x, y - at.y) <= 2 * reach;
  }
  const [x, y, width, height] = boxOf(element);
  if (!overlaps([x, y, Math.max(width, 1), Math.max(height, 1)], around)) return false;
  const region = regionOf(element);
  if (region && isWithin(at, region)) return true;
  const closed = region !== null;
  return ringsOf(element).some((ring) => nearestEdge(ring, at, closed).distance <= reach);
}

export interface Edge {
  /** Of the point that the edge starts from; -1 where there is no edge. */
  readonly index: number;
  readonly distance: number;
}

/** The edge of a ring that passes nearest. */
export function nearestEdge(ring: Ring, at: Point, closed: boolean): Edge {
  let best: Edge = { index: -1, distance: Number.POSITIVE_INFINITY };
  ring.forEach((a, index) => {
    const b = ring[index + 1] ?? (closed ? ring[0] : undefined);
    if (!b) return;
    const distance = distanceFrom(at, a, b);
    if (distance < best.distance) best = { index, distance };
  });
  return best;
}

/** `#rrggbb` of `#rgb…`, `rgb(…)` or `rgba(…)`; null for what is neither. */
function hexOf(colour: string | undefined): string | null {
  if (!colour) return null;
  if (/^#[0-9a-f]{6}$/i.test(colour)) return colour;
  const [, ...parts] = /^rgba?\((\d+),\s*(\d+),\s*(\d+)/.exec(colour) ?? [];
  if (parts.length !== 3) return null;
  return `#${parts.map((part) => Number(part).toString(16).padStart(2, "0")).join("")}`;
}
