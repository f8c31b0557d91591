/** The outline of the region that was clicked, set off from all others. */
import type { Outline } from "../api/findings";
import type { Projection } from "../model/projection";

const SVG = "http://www.w3.org/2000/svg";

export class HighlightLayer {
  private readonly svg = document.createElementNS(SVG, "svg");
  private readonly path = document.createElementNS(SVG, "path");
  private outline: Outline | null = null;

  constructor(surface: HTMLElement) {
    this.svg.setAttribute("class", "highlight");
    this.path.setAttribute("vector-effect", "non-scaling-stroke");
    this.svg.append(this.path);
    surface.append(this.svg);
  }

  show(outline: Outline | null): void {
    if (outline === this.outline) return;
    this.outline = outline;
    const path = outline ? rings(outline.coordinates).map(pathOf).join(" ") : "";
    this.path.setAttribute("d", path);
  }

  draw(projection: Projection | null): void {
    if (!projection) return;
    const { scale, left, top } = projection;
    this.path.setAttribute("transform", `scale(${scale}) translate(${-left} ${-top})`);
  }
}

type Ring = readonly (readonly [number, number])[];

/** All rings of a polygon or of several, however deep they lie. */
function rings(coordinates: unknown): Ring[] {
  if (!Array.isArray(coordinates)) return [];
  const [first] = coordinates;
  const isRing = Array.isArray(first) && typeof first[0] === "number";
  return isRing ? [coordinates as unknown as Ring] : coordinates.flatMap(rings);
}

function pathOf(ring: Ring): string {
  return `${ring.map(([x, y], index) => `${index === 0 ? "M" : "L"}${x} ${y}`).join(" ")} Z`;
}
