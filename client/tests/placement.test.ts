import { describe, expect, it } from "vitest";
import type { Projection } from "../src/model/projection";
import { type Pyramid, tilesIn } from "../src/model/pyramid";
import type { GreyTile } from "../src/viewer/overlay/greyTile";
import { placeTile } from "../src/viewer/overlay/placement";

const PYRAMID: Pyramid = { width: 1001, height: 701, tileWidth: 256, tileHeight: 256, maxZoom: 2 };
const image = (width: number, height: number): GreyTile => ({ width, height, values: null });

describe("a tile's place on the canvas", () => {
  const projection: Projection = { scale: 0.37, left: 12.3, top: -4.7, width: 800, height: 600 };

  it("meets its neighbour's without a seam or an overlap, at any scale", () => {
    const tiles = tilesIn(PYRAMID, 2, [0, 0, PYRAMID.width, 1]);
    const quads = tiles.map((tile) => placeTile(PYRAMID, tile, [], projection, 1.25));
    quads.slice(1).forEach((quad, index) => {
      expect(quad.left).toBe(quads[index]?.right);
      expect(Number.isInteger(quad.left)).toBe(true);
    });
  });

  it("uses the part of an edge tile that is slide, whether it is cut or padded", () => {
    const edge = { z: 2, x: 3, y: 0 };
    const onSlide = PYRAMID.width - 3 * 256;
    const padded = placeTile(PYRAMID, edge, [image(256, 256)], projection, 1);
    const cut = placeTile(PYRAMID, edge, [image(onSlide, 256)], projection, 1);
    expect(padded.coverX).toBeCloseTo(onSlide / 256);
    expect(cut.coverX).toBe(1);
    expect([padded.left, padded.right]).toEqual([cut.left, cut.right]);
  });
});
