/** What of an element can be taken hold of, and the element after it was pulled somewhere. */
import type { Point } from "../model/box";
import { enclosed, type Region, type Ring, subtract } from "../model/region";
import { ringsOf } from "../model/shapes";
import { centreOf, type DrawnElement, nearestEdge, regionOf, reshaped } from "./element";

export interface Handle {
  readonly kind: "vertex" | "corner" | "centre";
  readonly at: Point;
  /** 0 for the outer ring. */
  readonly ring: number;
  readonly index: number;
}

const CORNERS = [
  [-1, -1],
  [1, -1],
  [1, 1],
  [-1, 1],
] as const;

export function handlesOf(element: DrawnElement): readonly Handle[] {
  switch (element.type) {
    case "polyline":
      return ringsOf(element).flatMap((points, ring) =>
        points.map((at, index): Handle => ({ kind: "vertex", at, ring, index })),
      );
    case "rectangle":
    case "ellipse":
      return [...corners(element), centre(element)];
    case "point":
    case "circle":
      return [centre(element)];
    default:
      return [];
  }
}

/** The nearest handle within reach; null where there is none. */
export function handleAt(element: DrawnElement, at: Point, reach: number): Handle | null {
  const far = (handle: Handle): number => Math.hypot(handle.at.x - at.x, handle.at.y - at.y);
  return handlesOf(element).reduce<Handle | null>(
    (best, each) => (far(each) <= reach && (!best || far(each) < far(best)) ? each : best),
    null,
  );
}

export function pulled(element: DrawnElement, handle: Handle, to: Point): DrawnElement {
  switch (handle.kind) {
    case "vertex":
      return withRing(element, handle.ring, (ring) => ring.with(handle.index, to));
    case "centre":
      return { ...element, center: [to.x, to.y, 0] };
    case "corner":
      return stretched(element, handle, to);
  }
}

/** A new vertex on the edge that passes within reach, and the handle to pull it by. */
export function inserted(
  element: DrawnElement,
  at: Point,
  reach: number,
): readonly [DrawnElement, Handle] | null {
  if (element.type !== "polyline") return null;
  const edges = ringsOf(element).map((ring) => nearestEdge(ring, at, element.closed === true));
  const nearest = Math.min(...edges.map(({ distance }) => distance));
  const ring = edges.findIndex(({ distance }) => distance === nearest);
  const edge = edges[ring];
  if (!edge || edge.distance > reach) return null;
  const index = edge.index + 1;
  const longer = withRing(element, ring, (points) => points.toSpliced(index, 0, at));
  return [longer, { kind: "vertex", at, ring, index }];
}

/** Without that vertex; a hole of three corners goes with it. Null where nothing would be left. */
export function without(element: DrawnElement, { kind, ring, index }: Handle): DrawnElement | null {
  if (kind !== "vertex") return element;
  const rings = ringsOf(element);
  const least = element.closed ? 3 : 2;
  if ((rings[ring]?.length ?? 0) > least) {
    return withRing(element, ring, (points) => points.toSpliced(index, 1));
  }
  if (ring === 0) return null;
  const holes = (element.holes ?? []).toSpliced(ring - 1, 1);
  return { ...element, holes };
}

/** What a polygon covers once its edges no longer cross; null where they do not. */
export function repaired(element: DrawnElement): readonly Region[] | null {
  const region = element.type === "polyline" ? regionOf(element) : null;
  if (!region) return null;
  const holes = region.holes.flatMap(enclosed);
  const sound = subtract(enclosed(region.outer), holes);
  const [first] = sound;
  const isSame =
    sound.length === 1 &&
    first?.holes.length === region.holes.length &&
    first.outer.length === region.outer.length;
  return isSame ? null : sound;
}

function withRing(
  element: DrawnElement,
  which: number,
  change: (ring: Point[]) => Ring,
): DrawnElement {
  const [outer = [], ...holes] = ringsOf(element).map((ring, index) =>
    index === which ? change([...ring]) : ring,
  );
  const { closed } = element;
  return { ...reshaped(element, { outer, holes }), ...(closed === undefined ? {} : { closed }) };
}

function centre(element: DrawnElement): Handle {
  return { kind: "centre", at: centreOf(element), ring: 0, index: 0 };
}

function corners(element: DrawnElement): readonly Handle[] {
  const { width = 0, height = 0 } = element;
  return CORNERS.map(([across, down], index) => ({
    kind: "corner",
    at: turned(element, { x: (across * width) / 2, y: (down * height) / 2 }),
    ring: 0,
    index,
  }));
}

/** The opposite corner stays where it is, whichever way the element is turned. */
function stretched(element: DrawnElement, { index }: Handle, to: Point): DrawnElement {
  const opposite = corners(element)[(index + 2) % CORNERS.length];
  if (!opposite) return element;
  const { rotation = 0 } = element;
  const [sine, cosine] = [Math.sin(rotation), Math.cos(rotation)];
  const [dx, dy] = [to.x - opposite.at.x, to.y - opposite.at.y];
  const width = Math.max(1, Math.abs(dx * cosine + dy * sine));
  const height = Math.max(1, Math.abs(dy * cosine - dx * sine));
  const center = [opposite.at.x + dx / 2, opposite.at.y + dy / 2, 0];
  return { ...element, center, width, height };
}

function turned(element: DrawnElement, { x, y }: Point): Point {
  const { rotation = 0 } = element;
  const middle = centreOf(element);
  const [sine, cosine] = [Math.sin(rotation), Math.cos(rotation)];
  return { x: middle.x + x * cosine - y * sine, y: middle.y + x * sine + y * cosine };
}
