/** What a model has outlined, as regions to take over: whole, even where the view cuts them. */
import type { PolygonQuery } from "../api/client";
import type { PolygonCollection, PolygonFeature } from "../api/types";
import { type Box, intersection, type Point, rounded, scaled } from "../model/box";
import { areaOf, boundsOf, intersect, isWithin, type Region } from "../model/region";

export interface Outlined {
  readonly className: string;
  readonly region: Region;
  /** It goes on where nothing was traced. */
  readonly isCut: boolean;
}

/** What was traced: which classes, in which box and at which threshold. */
export interface Traced {
  readonly request: {
    readonly run: string;
    readonly classNames: readonly string[];
    readonly threshold: number;
    readonly box: Box;
  };
  readonly collections: readonly PolygonCollection[];
}

/** A lasso takes what lies in it by more than this share. */
const MOSTLY = 0.5;
/** Larger and larger boxes until the region is whole. */
const TRIES = 4;

/** The smallest outline at a place, or those that lie mostly in an area. */
export function outlinedBy(
  { request, collections }: Traced,
  what: Point | readonly Region[],
  slide: Box,
): readonly Outlined[] {
  const all = request.classNames.flatMap((className, index) =>
    (collections[index]?.features ?? []).map((feature): Outlined => {
      const region = regionOf(feature);
      return { className, region, isCut: reachesEdge(region, request.box, slide) };
    }),
  );
  if ("x" in what) {
    const hit = all.filter(({ region }) => isWithin(what, region));
    return hit.sort((a, b) => areaOf(a.region) - areaOf(b.region)).slice(0, 1);
  }
  return all.filter(({ region }) => shared(region, what) > MOSTLY * areaOf(region));
}

/** The same region traced in a box that holds all of it, if that is not too large. */
export async function wholeOf(
  outlined: Outlined,
  request: Traced["request"],
  slide: Box,
  fetchPolygons: (query: PolygonQuery) => Promise<PolygonCollection>,
): Promise<Outlined> {
  let best = outlined;
  for (let turn = 0; best.isCut && turn < TRIES; turn++) {
    const box = intersection(rounded(scaled(boundsOf(best.region.outer), 2)), slide);
    if (!box) return best;
    const { run, threshold } = request;
    const { className } = best;
    const { features } = await fetchPolygons({ run, className, box, threshold });
    const grown = features
      .map(regionOf)
      .map((region) => ({ region, common: shared(region, [outlined.region]) }))
      .sort((a, b) => b.common - a.common)[0];
    if (!grown || grown.common === 0) return best;
    const { region } = grown;
    best = { className, region, isCut: reachesEdge(region, box, slide) };
  }
  return best;
}

function regionOf({ geometry }: PolygonFeature): Region {
  const [outer = [], ...holes] = geometry.coordinates.map((ring) => {
    const points = ring.map(([x = 0, y = 0]) => ({ x, y }));
    // GeoJSON repeats the first point.
    const [first, last] = [points[0], points.at(-1)];
    return first && last && first.x === last.x && first.y === last.y ? points.slice(0, -1) : points;
  });
  return { outer, holes };
}

function shared(region: Region, area: readonly Region[]): number {
  return intersect([region], area).reduce((sum, each) => sum + areaOf(each), 0);
}

/** On the edge of what was asked for, but not on that of the slide. */
function reachesEdge({ outer }: Region, box: Box, slide: Box): boolean {
  const edges = (of: Box): readonly number[] => [of[0], of[1], of[0] + of[2], of[1] + of[3]];
  const own = edges(boundsOf(outer));
  const ends = edges(slide);
  return edges(box).some(
    (edge, side) =>
      Math.abs(edge - (own[side] ?? 0)) < 1 && Math.abs(edge - (ends[side] ?? 0)) >= 1,
  );
}
