import { describe, expect, it } from "vitest";
import {
  areaOf,
  boundsOf,
  brushed,
  enclosed,
  intersect,
  isWithin,
  type Region,
  simplified,
  simplifiedRegion,
  split,
  subtract,
  unite,
} from "../src/model/region";

function square(left: number, top: number, size: number): Region {
  const [right, bottom] = [left + size, top + size];
  const outer = [
    { x: left, y: top },
    { x: right, y: top },
    { x: right, y: bottom },
    { x: left, y: bottom },
  ];
  return { outer, holes: [] };
}

function whole(regions: readonly Region[]): number {
  return regions.reduce((sum, region) => sum + areaOf(region), 0);
}

describe("regions", () => {
  it("that overlap are united into one, apart they stay two", () => {
    const joined = unite([square(0, 0, 10), square(5, 5, 10)]);
    expect(joined).toHaveLength(1);
    expect(whole(joined)).toBeCloseTo(175, 6);
    expect(unite([square(0, 0, 10), square(50, 50, 10)])).toHaveLength(2);
  });

  it("that touch along an edge become one", () => {
    expect(unite([square(0, 0, 10), square(10, 0, 10)])).toHaveLength(1);
  });

  it("get a hole where something within is subtracted, and an island within the hole", () => {
    const ring = subtract([square(0, 0, 100)], [square(20, 20, 60)]);
    expect(ring).toHaveLength(1);
    expect(ring[0]?.holes).toHaveLength(1);
    expect(whole(ring)).toBeCloseTo(6400, 6);
    const withIsland = unite([...ring, square(40, 40, 20)]);
    expect(withIsland).toHaveLength(2);
    expect(whole(withIsland)).toBeCloseTo(6800, 6);
  });

  it("keep their holes when they are united, whichever way round the rings were drawn", () => {
    const hole = square(2, 2, 3).outer;
    for (const drawn of [hole, [...hole].reverse()]) {
      const [united] = unite([{ ...square(0, 0, 10), holes: [drawn] }, square(8, 0, 10)]);
      expect(united?.holes).toHaveLength(1);
      expect(whole(united ? [united] : [])).toBeCloseTo(100 + 80 - 9, 6);
    }
  });

  it("fall in two when a bar is subtracted", () => {
    const bar: Region = {
      outer: [
        { x: 40, y: -10 },
        { x: 60, y: -10 },
        { x: 60, y: 110 },
        { x: 40, y: 110 },
      ],
      holes: [],
    };
    const parts = subtract([square(0, 0, 100)], [bar]);
    expect(parts).toHaveLength(2);
    expect(whole(parts)).toBeCloseTo(8000, 6);
  });

  it("intersect in what they share", () => {
    expect(whole(intersect([square(0, 0, 10)], [square(5, 5, 10)]))).toBeCloseTo(25, 6);
    expect(intersect([square(0, 0, 10)], [square(20, 20, 10)])).toEqual([]);
  });
});

describe("a drawn ring", () => {
  it("that crosses itself is two regions", () => {
    const eight = [
      { x: 0, y: 0 },
      { x: 10, y: 10 },
      { x: 10, y: 0 },
      { x: 0, y: 10 },
    ];
    const parts = enclosed(eight);
    expect(parts).toHaveLength(2);
    expect(whole(parts)).toBeCloseTo(50, 6);
  });

  it("without an inside is no region", () => {
    expect(enclosed([{ x: 0, y: 0 }])).toEqual([]);
    expect(
      enclosed([
        { x: 0, y: 0 },
        { x: 5, y: 5 },
        { x: 10, y: 10 },
      ]),
    ).toEqual([]);
  });
});

describe("a brush", () => {
  it("covers a disc where it only touches down", () => {
    for (const way of [
      [{ x: 50, y: 50 }],
      [
        { x: 50, y: 50 },
        { x: 50, y: 50 },
      ],
    ]) {
      const dab = brushed(way, 10);
      expect(dab).toHaveLength(1);
      expect(whole(dab) / (Math.PI * 100)).toBeCloseTo(1, 1);
    }
  });

  it("covers a stadium along a straight stroke", () => {
    const stroke = brushed(
      [
        { x: 0, y: 0 },
        { x: 100, y: 0 },
      ],
      5,
    );
    expect(whole(stroke) / (1000 + Math.PI * 25)).toBeCloseTo(1, 2);
  });

  it("leaves a hole in the middle of a loop", () => {
    const loop = Array.from({ length: 41 }, (_, index) => {
      const angle = (index / 40) * 2 * Math.PI;
      return { x: 100 * Math.cos(angle), y: 100 * Math.sin(angle) };
    });
    const [ring, ...others] = brushed(loop, 10);
    expect(others).toEqual([]);
    expect(ring?.holes).toHaveLength(1);
    expect(ring && isWithin({ x: 0, y: 0 }, ring)).toBe(false);
    expect(ring && isWithin({ x: 100, y: 0 }, ring)).toBe(true);
  });
});

describe("a line", () => {
  const ring = subtract([square(0, 0, 100)], [square(40, 40, 20)]);

  it("parts a region and its hole, and nothing of it is lost", () => {
    const parts = ring.flatMap((each) =>
      split(each, [
        { x: 50, y: -10 },
        { x: 50, y: 110 },
      ]),
    );
    expect(parts).toHaveLength(2);
    expect(parts.every(({ holes }) => holes.length === 0)).toBe(true);
    expect(whole(parts)).toBeGreaterThan(9600 - 5);
  });

  it("that ends within leaves the region as it was", () => {
    const region = square(0, 0, 100);
    const line = [
      { x: -10, y: 50 },
      { x: 60, y: 50 },
    ];
    expect(split(region, line)).toEqual([region]);
  });

  it("leaves no slit where it ends in one of the pieces", () => {
    const bent = [
      { x: 50, y: -10 },
      { x: 50, y: 110 },
      { x: 20, y: 110 },
      { x: 20, y: 50 },
    ];
    const parts = split(square(0, 0, 100), bent);
    expect(parts).toHaveLength(2);
    expect(Math.max(...parts.map(({ outer }) => outer.length))).toBeLessThan(7);
  });
});

describe("simplifying", () => {
  it("keeps how far a stroke went when it comes back the same way", () => {
    const [there, far, back] = [0, 100, 40].map((x) => ({ x, y: 0 }));
    if (!there || !far || !back) throw new Error("no points");
    expect(simplified([there, { x: 50, y: 0 }, far, { x: 70, y: 0 }, back], 1)).toEqual([
      there,
      far,
      back,
    ]);
  });

  it("keeps a loop that ends where it began", () => {
    const { outer } = square(0, 0, 100);
    const loop = [...outer, ...outer.slice(0, 1)];
    expect(simplified(loop, 1)).toEqual(loop);
    expect(brushed(simplified(loop, 1), 10)[0]?.holes).toHaveLength(1);
  });

  it("takes points from a round outline and keeps its shape", () => {
    const [disc] = brushed([{ x: 0, y: 0 }], 100);
    if (!disc) throw new Error("no disc");
    const fewer = simplifiedRegion(disc, 3);
    expect(fewer.outer.length).toBeLessThan(disc.outer.length);
    expect(areaOf(fewer) / areaOf(disc)).toBeCloseTo(1, 1);
  });

  it("does not swallow what is small", () => {
    const tiny = square(0, 0, 1);
    expect(areaOf(simplifiedRegion(tiny, 50))).toBe(1);
  });
});

it("bounds are those of the points", () => {
  expect(boundsOf(square(3, 4, 5).outer)).toEqual([3, 4, 5, 5]);
});
