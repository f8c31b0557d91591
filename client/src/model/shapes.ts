/** The elements of an annotation document as outlines in base pixels. */
import type { AnnotationDocument, AnnotationElement } from "../api/types";
import type { Point } from "./box";

export interface Shape {
  readonly rings: readonly (readonly Point[])[];
  readonly closed: boolean;
  readonly color: string;
  /** It says where somebody has looked, and is no tissue itself. */
  readonly isRoi?: true;
}

const PLAIN = "#ffd24a";
/** Corners of a circle: at a hundred an eye sees none. */
const CORNERS = 96;
const POINT_RADIUS = 12;

/** What can be drawn as lines; rasters, heat maps and the like are left out. */
export function shapesOf({ elements }: AnnotationDocument): readonly Shape[] {
  return elements.flatMap((element) => {
    const rings = ringsOf(element);
    if (rings.length === 0) return [];
    const closed = element.type !== "polyline" || element.closed === true;
    const color = element.lineColor ?? PLAIN;
    const isRoi = element.group?.toLowerCase() === "roi";
    return [{ rings, closed, color, ...(isRoi && { isRoi }) }];
  });
}

/** The first ring is the outer one, the others are holes; none for what is no shape. */
export function ringsOf(element: AnnotationElement): readonly (readonly Point[])[] {
  switch (element.type) {
    case "polyline":
      return [element.points ?? [], ...(element.holes ?? [])].map((ring) => ring.map(toPoint));
    case "rectangle":
    case "rectanglegrid":
      return [turned(element, corners(element))];
    case "ellipse":
      return [turned(element, round((element.width ?? 0) / 2, (element.height ?? 0) / 2))];
    case "circle":
      return [turned(element, round(element.radius ?? 0, element.radius ?? 0))];
    case "point":
      return [turned(element, round(POINT_RADIUS, POINT_RADIUS))];
    default:
      return [];
  }
}

function corners({ width = 0, height = 0 }: AnnotationElement): readonly Point[] {
  const [x, y] = [width / 2, height / 2];
  return [
    { x: -x, y: -y },
    { x, y: -y },
    { x, y },
    { x: -x, y },
  ];
}

function round(radiusX: number, radiusY: number): readonly Point[] {
  return Array.from({ length: CORNERS }, (_, index) => {
    const angle = (2 * Math.PI * index) / CORNERS;
    return { x: radiusX * Math.cos(angle), y: radiusY * Math.sin(angle) };
  });
}

/** Points about the origin, turned (in radians, clockwise on the screen) and moved into place. */
function turned({ center, rotation = 0 }: AnnotationElement, points: readonly Point[]): Point[] {
  const { x: left, y: top } = toPoint(center ?? []);
  const [sine, cosine] = [Math.sin(rotation), Math.cos(rotation)];
  return points.map(({ x, y }) => ({
    x: left + x * cosine - y * sine,
    y: top + x * sine + y * cosine,
  }));
}

function toPoint([x = 0, y = 0]: readonly number[]): Point {
  return { x, y };
}
