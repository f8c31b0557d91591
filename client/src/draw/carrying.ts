/** Whole elements that are moved and turned. Pure. */
import type { Point } from "../model/box";
import { ringsOf } from "../model/shapes";
import { boxOf, centreOf, type DrawnElement, reshaped } from "./element";

/** How far above what is selected the handle lies that turns it, in CSS pixels. */
const TURN_DISTANCE = 26;
/** With Shift, in radians. */
const TURN_STEP = Math.PI / 12;

export interface TurnHandle {
  readonly at: Point;
  /** Of the upper edge, which the handle hangs on. */
  readonly foot: Point;
  readonly centre: Point;
}

/** Null where nothing is selected that looks different when it is turned. */
export function turnHandleOf(elements: readonly DrawnElement[], unit: number): TurnHandle | null {
  if (!elements.some(canTurn)) return null;
  const boxes = elements.map(boxOf);
  const left = Math.min(...boxes.map(([x]) => x));
  const top = Math.min(...boxes.map(([, y]) => y));
  const right = Math.max(...boxes.map(([x, , width]) => x + width));
  const bottom = Math.max(...boxes.map(([, y, , height]) => y + height));
  const x = (left + right) / 2;
  return {
    at: { x, y: top - TURN_DISTANCE * unit },
    foot: { x, y: top },
    centre: { x, y: (top + bottom) / 2 },
  };
}

export function moved(element: DrawnElement, dx: number, dy: number): DrawnElement {
  return mapped(element, ({ x, y }) => ({ x: x + dx, y: y + dy }));
}

/** About a centre, in radians, clockwise as the slide is seen. */
export function turned(element: DrawnElement, centre: Point, angle: number): DrawnElement {
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const about = ({ x, y }: Point): Point => {
    const [dx, dy] = [x - centre.x, y - centre.y];
    return { x: centre.x + dx * cosine - dy * sine, y: centre.y + dx * sine + dy * cosine };
  };
  const carried = mapped(element, about);
  if (element.type !== "rectangle" && element.type !== "ellipse") return carried;
  return { ...carried, rotation: (element.rotation ?? 0) + angle };
}

/** From one place of the pointer to another, about a centre; in steps where that is wished. */
export function angleBetween(centre: Point, from: Point, to: Point, inSteps: boolean): number {
  const of = ({ x, y }: Point): number => Math.atan2(y - centre.y, x - centre.x);
  const angle = of(to) - of(from);
  return inSteps ? Math.round(angle / TURN_STEP) * TURN_STEP : angle;
}

function canTurn({ type }: DrawnElement): boolean {
  return type === "polyline" || type === "rectangle" || type === "ellipse";
}

function mapped(element: DrawnElement, to: (point: Point) => Point): DrawnElement {
  if (element.type !== "polyline") {
    const { x, y } = to(centreOf(element));
    return { ...element, center: [x, y, element.center?.[2] ?? 0] };
  }
  const [outer = [], ...holes] = ringsOf(element).map((ring) => ring.map(to));
  const { closed } = element;
  return { ...reshaped(element, { outer, holes }), ...(closed === undefined ? {} : { closed }) };
}
