/**
 * The tile grid that slide tiles and prediction tiles share.
 *
 * Level `z` runs from 0 to `maxZoom`; `maxZoom` is base resolution and every level below it is half
 * as large, rounded up. A tile covers `tileWidth × tileHeight` pixels *of its level*.
 */
import type { SlideDetail } from "../api/types";
import { type Box, intersection } from "./box";

export interface Pyramid {
  readonly width: number;
  readonly height: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly maxZoom: number;
}

export interface TileAddress {
  readonly z: number;
  readonly x: number;
  readonly y: number;
}

export function pyramidOf(slide: SlideDetail): Pyramid {
  return {
    width: slide.width,
    height: slide.height,
    tileWidth: slide.tile_width,
    tileHeight: slide.tile_height,
    maxZoom: slide.max_zoom,
  };
}

export function tileKey({ z, x, y }: TileAddress): string {
  return `${z}/${x}/${y}`;
}

/** Base pixels per pixel of level `z`. */
export function downsample(pyramid: Pyramid, z: number): number {
  return 2 ** (pyramid.maxZoom - z);
}

/** The full grid cell of a tile in base pixels; edge cells reach beyond the slide. */
export function cellBox(pyramid: Pyramid, { z, x, y }: TileAddress): Box {
  const width = pyramid.tileWidth * downsample(pyramid, z);
  const height = pyramid.tileHeight * downsample(pyramid, z);
  return [x * width, y * height, width, height];
}

/** What a tile shows, in base pixels: its cell, cut at the slide's edge. */
export function tileBox(pyramid: Pyramid, tile: TileAddress): Box {
  const box = intersection(cellBox(pyramid, tile), [0, 0, pyramid.width, pyramid.height]);
  if (!box) throw new RangeError(`tile ${tileKey(tile)} is not on the slide`);
  return box;
}

/** All tiles of level `z` that show a part of `box`, row by row. */
export function tilesIn(pyramid: Pyramid, z: number, box: Box): TileAddress[] {
  const visible = intersection(box, [0, 0, pyramid.width, pyramid.height]);
  if (!visible) return [];
  const [, , width, height] = cellBox(pyramid, { z, x: 0, y: 0 });
  const tiles: TileAddress[] = [];
  const lastX = Math.ceil((visible[0] + visible[2]) / width) - 1;
  const lastY = Math.ceil((visible[1] + visible[3]) / height) - 1;
  for (let y = Math.floor(visible[1] / height); y <= lastY; y++) {
    for (let x = Math.floor(visible[0] / width); x <= lastX; x++) tiles.push({ z, x, y });
  }
  return tiles;
}

/** The coarser tiles that cover this one, nearest first. */
export function ancestors({ z, x, y }: TileAddress): TileAddress[] {
  return Array.from({ length: z }, (_, index) => {
    const up = index + 1;
    return { z: z - up, x: x >> up, y: y >> up };
  });
}

/** The up to four tiles of the next finer level that make up this one. */
export function children(pyramid: Pyramid, tile: TileAddress): TileAddress[] {
  if (tile.z >= pyramid.maxZoom) return [];
  return tilesIn(pyramid, tile.z + 1, tileBox(pyramid, tile));
}

/**
 * The finest level that holds anything a coarser one does not, for data made at `dataMpp`.
 *
 * A prediction at 1 µm/px of a slide at 0.25 µm/px is merely enlarged at the two finest levels:
 * fetching those would move sixteen times the bytes for the same picture.
 */
export function finestUsefulZoom(pyramid: Pyramid, dataMpp: number, baseMpp: number): number {
  const levels = Math.floor(Math.log2(dataMpp / baseMpp) + 1e-6);
  return Math.min(pyramid.maxZoom, Math.max(0, pyramid.maxZoom - Math.max(0, levels)));
}

/**
 * The level to draw at `scale` screen pixels per base pixel.
 *
 * Probabilities are smooth and drawn interpolated, so a tile may be enlarged by up to √2 before
 * the next finer level is worth its four requests.
 */
export function zoomForScale(pyramid: Pyramid, scale: number, finest: number): number {
  const ideal = Math.ceil(pyramid.maxZoom + Math.log2(scale) - 0.5);
  return Math.min(finest, Math.max(0, ideal));
}
