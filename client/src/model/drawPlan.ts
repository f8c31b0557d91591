/**
 * Which overlay tiles to draw now and which to ask for.
 *
 * A tile that is not there yet is stood in for by what is: the nearest coarser tile, with finer
 * ones on top. Zooming therefore never blanks the overlay.
 */
import { type Box, centre } from "./box";
import {
  ancestors,
  cellBox,
  children,
  type Pyramid,
  type TileAddress,
  tileKey,
  tilesIn,
} from "./pyramid";

export interface DrawPlan {
  /** In drawing order, coarse before fine: a later tile replaces what lies below it. */
  readonly drawn: readonly TileAddress[];
  /** The tiles in view, those nearest to its centre first. */
  readonly wanted: readonly TileAddress[];
}

/** Two levels of finer stand-ins are 16 tiles for one; more would cost more than the wait. */
const FINER_STAND_IN_LEVELS = 2;

export function planDrawing(
  pyramid: Pyramid,
  z: number,
  view: Box,
  isReady: (tile: TileAddress) => boolean,
): DrawPlan {
  const wanted = nearestFirst(pyramid, tilesIn(pyramid, z, view), view);
  const drawn = new Map<string, TileAddress>();
  for (const tile of wanted) {
    for (const part of standIns(pyramid, tile, isReady)) drawn.set(tileKey(part), part);
  }
  return { wanted, drawn: [...drawn.values()].sort((a, b) => a.z - b.z) };
}

function standIns(
  pyramid: Pyramid,
  tile: TileAddress,
  isReady: (tile: TileAddress) => boolean,
): TileAddress[] {
  if (isReady(tile)) return [tile];
  const coarser = ancestors(tile).find(isReady);
  const finer = readyDescendants(pyramid, tile, isReady, FINER_STAND_IN_LEVELS);
  return coarser ? [coarser, ...finer] : finer;
}

function readyDescendants(
  pyramid: Pyramid,
  tile: TileAddress,
  isReady: (tile: TileAddress) => boolean,
  depth: number,
): TileAddress[] {
  if (depth === 0) return [];
  return children(pyramid, tile).flatMap((child) =>
    isReady(child) ? [child] : readyDescendants(pyramid, child, isReady, depth - 1),
  );
}

function nearestFirst(pyramid: Pyramid, tiles: TileAddress[], view: Box): TileAddress[] {
  const middle = centre(view);
  const distance = (tile: TileAddress): number => {
    const { x, y } = centre(cellBox(pyramid, tile));
    return Math.hypot(x - middle.x, y - middle.y);
  };
  return tiles.sort((a, b) => distance(a) - distance(b));
}
