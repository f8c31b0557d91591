import { describe, expect, it } from "vitest";
import { area } from "../src/model/box";
import {
  ancestors,
  children,
  finestUsefulZoom,
  type Pyramid,
  tileBox,
  tileKey,
  tilesIn,
  zoomForScale,
} from "../src/model/pyramid";

const PYRAMID: Pyramid = { width: 1001, height: 701, tileWidth: 256, tileHeight: 256, maxZoom: 2 };
const SLIDE = [0, 0, PYRAMID.width, PYRAMID.height] as const;

describe("the tile grid", () => {
  it.each([0, 1, 2])("covers the slide at level %i without overlap", (z) => {
    const boxes = tilesIn(PYRAMID, z, SLIDE).map((tile) => tileBox(PYRAMID, tile));
    expect(boxes.reduce((sum, box) => sum + area(box), 0)).toBe(area(SLIDE));
  });

  it("leaves out tiles that the view only touches", () => {
    expect(tilesIn(PYRAMID, 2, [256, 0, 256, 256]).map(tileKey)).toEqual(["2/1/0"]);
  });

  it("has nothing beyond the slide", () => {
    expect(tilesIn(PYRAMID, 2, [-500, 0, 400, 400])).toEqual([]);
    expect(tilesIn(PYRAMID, 0, [-500, -500, 9000, 9000])).toHaveLength(1);
  });

  it("makes every tile up from its children, and those lead back to it", () => {
    const tile = { z: 1, x: 1, y: 1 };
    const parts = children(PYRAMID, tile);
    const sum = parts.reduce((total, part) => total + area(tileBox(PYRAMID, part)), 0);
    expect(sum).toBe(area(tileBox(PYRAMID, tile)));
    for (const part of parts) expect(ancestors(part)[0]).toEqual(tile);
  });
});

describe("the level to draw", () => {
  it("is as fine as the screen, give or take √2", () => {
    expect(zoomForScale(PYRAMID, 1, 2)).toBe(2);
    expect(zoomForScale(PYRAMID, 0.7, 2)).toBe(1);
    expect(zoomForScale(PYRAMID, 0.72, 2)).toBe(2);
    expect(zoomForScale(PYRAMID, 0.01, 2)).toBe(0);
  });

  it("is never finer than the data", () => {
    expect(zoomForScale(PYRAMID, 8, 1)).toBe(1);
    expect(finestUsefulZoom({ ...PYRAMID, maxZoom: 6 }, 1, 0.25)).toBe(4);
    // At 0.9 µm/px one halving would lose detail: 0.5 must stay.
    expect(finestUsefulZoom({ ...PYRAMID, maxZoom: 6 }, 0.9, 0.5)).toBe(6);
    expect(finestUsefulZoom({ ...PYRAMID, maxZoom: 6 }, 0.25, 0.5)).toBe(6);
  });
});
