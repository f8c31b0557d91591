import { describe, expect, it } from "vitest";
import { shapesOf } from "../src/model/shapes";

const only = (element: object) => shapesOf({ name: "", elements: [{ type: "", ...element }] })[0];
const places = (element: object) =>
  only(element)?.rings[0]?.map(({ x, y }) => [Math.round(x), Math.round(y)]);

describe("an annotation's elements", () => {
  it("are polygons with their holes, in their colour", () => {
    const shape = only({
      type: "polyline",
      closed: true,
      lineColor: "rgb(1, 2, 3)",
      points: [
        [0, 0, 0],
        [9, 0, 0],
        [9, 9, 0],
      ],
      holes: [
        [
          [5, 1, 0],
          [6, 1, 0],
          [6, 2, 0],
        ],
      ],
    });
    expect(shape).toMatchObject({ closed: true, color: "rgb(1, 2, 3)" });
    expect(shape?.rings).toHaveLength(2);
    expect(shape?.rings[1]?.[0]).toEqual({ x: 5, y: 1 });
  });

  it("stay open lines where they are open", () => {
    expect(only({ type: "polyline", points: [[0, 0, 0]] })?.closed).toBe(false);
  });

  it("are rectangles that turn about their middle as the archive's viewer turns them", () => {
    const rectangle = { type: "rectangle", center: [100, 50, 0], width: 40, height: 20 };
    expect(places(rectangle)).toEqual([
      [80, 40],
      [120, 40],
      [120, 60],
      [80, 60],
    ]);
    // A quarter of a turn: what was the upper left corner is the upper right one.
    expect(places({ ...rectangle, rotation: Math.PI / 2 })?.[0]).toEqual([110, 30]);
  });

  it("are round where they are round", () => {
    const circle = only({ type: "circle", center: [10, 10, 0], radius: 5 });
    for (const { x, y } of circle?.rings[0] ?? []) {
      expect(Math.hypot(x - 10, y - 10)).toBeCloseTo(5);
    }
    expect(places({ type: "ellipse", center: [0, 0, 0], width: 20, height: 8 })?.[0]).toEqual([
      10, 0,
    ]);
  });

  it("are left out when lines cannot show them", () => {
    expect(only({ type: "pixelmap" })).toBeUndefined();
  });
});

describe("a region of interest", () => {
  it("is told from tissue by its group, whatever the case", () => {
    const box = { type: "rectangle", center: [5, 5, 0], width: 2, height: 2 };
    const elements = [{ ...box, group: "ROI" }, { ...box, group: "tumor" }, box];
    const shapes = shapesOf({ name: "", elements });
    expect(shapes.map(({ isRoi }) => isRoi ?? false)).toEqual([true, false, false]);
  });
});
