import { describe, expect, it } from "vitest";
import { turnHandleOf } from "../src/draw/carrying";
import {
  classOf,
  elementAt,
  newId,
  point,
  polygon,
  rectangle,
  regionOf,
} from "../src/draw/element";
import { handleAt, inserted, pulled, repaired, without } from "../src/draw/handles";
import { beginning, type History, redo, step, undo } from "../src/draw/history";
import {
  add,
  brush,
  cut,
  EMPTY,
  merge,
  reclass,
  type Sketch,
  select,
  splitBy,
} from "../src/draw/sketch";
import { BrushTool, LassoTool, PolygonTool } from "../src/draw/tools/areas";
import { SelectTool } from "../src/draw/tools/select";
import type { Bench, Tool, Touch } from "../src/draw/tools/tool";
import type { Box } from "../src/model/box";
import { areaOf, brushed, type Region } from "../src/model/region";

const TUMOR = { name: "tumor", colour: "#ff0000" };
const STROMA = { name: "stroma", colour: "#00ff00" };

function square([x, y, width, height]: Box): Region {
  const corners = [
    { x, y },
    { x: x + width, y },
    { x: x + width, y: y + height },
    { x, y: y + height },
  ];
  return { outer: corners, holes: [] };
}

function sketched(...boxes: Box[]): Sketch {
  return add(
    EMPTY,
    boxes.map((box) => polygon(square(box), TUMOR)),
  );
}

function areas({ elements }: Sketch): number[] {
  return elements.map((element) => {
    const region = regionOf(element);
    return region ? Math.round(areaOf(region)) : 0;
  });
}

describe("an element", () => {
  it("carries its class as the archive wants it", () => {
    const [element] = sketched([0, 0, 10, 10]).elements;
    expect(element).toMatchObject({
      type: "polyline",
      closed: true,
      group: "tumor",
      label: { value: "tumor" },
      lineColor: "rgb(255, 0, 0)",
      fillColor: "rgba(255, 0, 0, 0.18)",
    });
    expect(element?.id).toMatch(/^[0-9a-f]{24}$/);
    expect(element && classOf(element)).toEqual(TUMOR);
  });

  it("is found under the pointer, the smallest first", () => {
    const { elements } = sketched([0, 0, 100, 100], [40, 40, 10, 10]);
    expect(elementAt(elements, { x: 45, y: 45 }, 2)).toBe(elements[1]);
    expect(elementAt(elements, { x: 20, y: 20 }, 2)).toBe(elements[0]);
    expect(elementAt(elements, { x: 101, y: 50 }, 2)).toBe(elements[0]);
    expect(elementAt(elements, { x: 150, y: 50 }, 2)).toBeNull();
  });
});

describe("the brush", () => {
  const stroke = brushed(
    [
      { x: 95, y: 50 },
      { x: 130, y: 50 },
    ],
    10,
  );

  it("grows the selected region that it meets", () => {
    const before = sketched([0, 0, 100, 100]);
    const after = brush(before, stroke, TUMOR, 0.1);
    expect(after.elements).toHaveLength(1);
    expect(after.elements[0]?.id).toBe(before.elements[0]?.id);
    expect(areas(after)[0]).toBeGreaterThan(10_500);
  });

  it("starts a new region elsewhere, of another class, or with nothing selected", () => {
    const before = sketched([0, 0, 100, 100]);
    const elsewhere = brushed([{ x: 300, y: 300 }], 10);
    expect(brush(before, elsewhere, TUMOR, 0.1).elements).toHaveLength(2);
    expect(brush(before, stroke, STROMA, 0.1).elements).toHaveLength(2);
    expect(brush(select(before, []), stroke, TUMOR, 0.1).elements).toHaveLength(2);
  });
});

describe("cutting", () => {
  it("makes a hole, and the element stays the same one", () => {
    const before = sketched([0, 0, 100, 100]);
    const after = cut(before, [square([40, 40, 20, 20])], 0);
    expect(after.elements[0]?.holes).toHaveLength(1);
    expect(after.elements[0]?.id).toBe(before.elements[0]?.id);
    expect(areas(after)).toEqual([9600]);
  });

  it("makes two elements of one that is cut through, both of its class and selected", () => {
    const after = cut(sketched([0, 0, 100, 100]), [square([60, -5, 10, 110])], 0);
    expect(areas(after)).toEqual([6000, 3000]);
    expect(new Set(after.elements.map(({ id }) => id)).size).toBe(2);
    expect(after.elements.every(({ group }) => group === "tumor")).toBe(true);
    expect(after.selected).toHaveLength(2);
  });

  it("spares what is not selected, unless nothing selected is met", () => {
    const both = sketched([0, 0, 100, 100], [50, 0, 100, 100]);
    const first = select(
      both,
      both.elements.slice(0, 1).map(({ id }) => id),
    );
    const area = [square([60, 20, 20, 20])];
    expect(areas(cut(first, area, 0))).toEqual([9600, 10_000]);
    expect(areas(cut(select(both, []), area, 0))).toEqual([9600, 9600]);
  });

  it("removes what is covered, and changes nothing where nothing is", () => {
    const before = sketched([0, 0, 10, 10]);
    expect(cut(before, [square([-5, -5, 30, 30])], 0).elements).toEqual([]);
    expect(cut(before, [square([50, 50, 10, 10])], 0)).toBe(before);
  });

  it("turns a rectangle into a polygon and leaves what others have put into it", () => {
    const user = { stain: "HE" };
    const made = { ...rectangle([0, 0, 10, 10], TUMOR), user };
    const [after] = cut(add(EMPTY, [made]), [square([5, -1, 10, 12])], 0).elements;
    expect(after).toMatchObject({ type: "polyline", user, group: "tumor" });
    expect(after).not.toHaveProperty("center");
  });
});

describe("merging and splitting", () => {
  it("merges what touches and leaves apart what does not", () => {
    expect(areas(merge(sketched([0, 0, 10, 10], [5, 0, 10, 10])))).toEqual([150]);
    const apart = sketched([0, 0, 10, 10], [50, 0, 10, 10]);
    expect(merge(apart)).toBe(apart);
  });

  it("splits by a line", () => {
    const line = [
      { x: 50, y: -10 },
      { x: 50, y: 110 },
    ];
    const after = splitBy(sketched([0, 0, 100, 100]), line);
    expect(areas(after)).toEqual([5000, 5000].map((area) => expect.closeTo(area, -1)));
  });

  it("gives what is selected another class", () => {
    const [element] = reclass(sketched([0, 0, 10, 10]), STROMA).elements;
    expect(element).toMatchObject({ group: "stroma", lineColor: "rgb(0, 255, 0)" });
  });
});

describe("handles", () => {
  const [element] = sketched([0, 0, 100, 100]).elements;
  if (!element) throw new Error("no element");

  it("of a vertex move it", () => {
    const handle = handleAt(element, { x: 99, y: 1 }, 5);
    if (!handle) throw new Error("no handle");
    expect(regionOf(pulled(element, handle, { x: 120, y: -20 }))?.outer[1]).toEqual({
      x: 120,
      y: -20,
    });
  });

  it("are made on an edge, and removed", () => {
    const made = inserted(element, { x: 50, y: 1 }, 5);
    expect(made?.[0].points).toHaveLength(5);
    expect(made && without(...made)?.points).toHaveLength(4);
    expect(inserted(element, { x: 50, y: 50 }, 5)).toBeNull();
  });

  it("never leave less than a triangle; a hole goes whole", () => {
    const hole = [
      { x: 10, y: 10 },
      { x: 20, y: 10 },
      { x: 20, y: 20 },
    ];
    const holed = polygon(
      { outer: hole.map(({ x, y }) => ({ x: 9 * x, y: 9 * y })), holes: [hole] },
      TUMOR,
    );
    const at = { kind: "vertex", at: { x: 0, y: 0 }, index: 0 } as const;
    expect(without(holed, { ...at, ring: 1 })?.holes).toEqual([]);
    expect(without(holed, { ...at, ring: 0 })).toBeNull();
  });

  it("of a turned rectangle stretch it from the opposite corner", () => {
    const turned = { ...rectangle([0, 0, 100, 50], TUMOR), rotation: Math.PI / 2 };
    const corners = regionOf(turned)?.outer ?? [];
    const [handle] = [handleAt(turned, corners[2] ?? { x: 0, y: 0 }, 1)];
    if (!handle) throw new Error("no handle");
    const after = regionOf(pulled(turned, handle, { x: handle.at.x - 10, y: handle.at.y + 30 }));
    expect(after?.outer[0]?.x).toBeCloseTo(corners[0]?.x ?? 0, 6);
    expect(after?.outer[0]?.y).toBeCloseTo(corners[0]?.y ?? 0, 6);
    expect(after?.outer[2]?.y).toBeCloseTo(handle.at.y + 30, 6);
  });

  it("that are pulled across an edge leave sound regions", () => {
    expect(repaired(element)).toBeNull();
    const handle = handleAt(element, { x: 0, y: 0 }, 5);
    if (!handle) throw new Error("no handle");
    const crossed = repaired(pulled(element, handle, { x: 150, y: 50 }));
    expect(crossed?.length).toBeGreaterThan(0);
  });
});

describe("history", () => {
  it("undoes and redoes every step", () => {
    let history: History<number> = beginning(0);
    for (let n = 1; n <= 1000; n++) history = step(history, n);
    for (let n = 0; n < 1000; n++) history = undo(history);
    expect(history.present).toBe(0);
    expect(undo(history)).toBe(history);
    for (let n = 0; n < 1000; n++) history = redo(history);
    expect(history.present).toBe(1000);
    expect(redo(history)).toBe(history);
  });

  it("gives up what was undone once there is a new step", () => {
    const history = step(undo(step(beginning("a"), "b")), "c");
    expect(history).toEqual({ past: ["a"], present: "c", future: [] });
  });
});

/** A bench without a desk: the tools are real, and so is the sketch. */
class Paper implements Bench {
  sketch: Sketch = EMPTY;
  chosen = TUMOR;
  brushRadius = 10;
  steps = 0;

  /** Nothing may be drawn. */
  locked = false;

  commit(sketch: Sketch): boolean {
    if (this.locked) return false;
    this.sketch = sketch;
    this.steps += 1;
    return true;
  }

  amend(sketch: Sketch): void {
    this.sketch = sketch;
  }

  begun(): void {}

  accept(): void {}
}

function at(x: number, y: number, change: Partial<Touch> = {}): Touch {
  return { at: { x, y }, unit: 1, grip: 1, subtracts: false, shift: false, alt: false, ...change };
}

function drag(tool: Tool, from: Touch, ...to: Touch[]): void {
  tool.press(from);
  for (const touch of to) tool.move(touch, true);
  tool.release();
}

describe("the polygon tool", () => {
  it("closes on Enter, and on a click on the first corner", () => {
    for (const close of [(tool: Tool) => tool.finish(), (tool: Tool) => tool.press(at(2, 2))]) {
      const paper = new Paper();
      const tool = new PolygonTool(paper);
      for (const touch of [at(0, 0), at(100, 0), at(100, 100), at(0, 100)]) tool.press(touch);
      close(tool);
      expect(areas(paper.sketch)).toEqual([10_000]);
      expect(tool.draft).toBeNull();
    }
  });

  it("keeps its corners over a layer that takes none, for another", () => {
    const paper = new Paper();
    const tool = new PolygonTool(paper);
    for (const touch of [at(0, 0), at(100, 0), at(100, 100)]) tool.press(touch);
    paper.locked = true;
    tool.finish();
    expect(tool.draft?.points).toHaveLength(3);
    paper.locked = false;
    tool.finish();
    expect(areas(paper.sketch)).toEqual([5_000]);
  });

  it("does not take a double click for two corners", () => {
    const paper = new Paper();
    const tool = new PolygonTool(paper);
    for (const touch of [at(0, 0), at(100, 0), at(100, 100), at(100, 100)]) tool.press(touch);
    tool.finish();
    expect(paper.sketch.elements[0]?.points).toHaveLength(3);
  });

  it("takes back corners one by one, and is abandoned", () => {
    const tool = new PolygonTool(new Paper());
    tool.press(at(0, 0));
    tool.press(at(50, 0));
    expect(tool.takeBack()).toBe(true);
    expect(tool.draft?.points).toEqual([{ x: 0, y: 0 }]);
    expect(tool.abandon()).toBe(true);
    expect(tool.abandon()).toBe(false);
  });

  it("loses only the corner of a press that was the beginning of a pinch", () => {
    const tool = new PolygonTool(new Paper());
    for (const touch of [at(0, 0), at(50, 0)]) {
      tool.press(touch);
      tool.release();
    }
    tool.cancel(); // no press is under way
    tool.press(at(80, 80));
    tool.cancel();
    expect(tool.draft?.points).toEqual([
      { x: 0, y: 0 },
      { x: 50, y: 0 },
    ]);
  });

  it("is closed by a finger that misses the first corner by a little", () => {
    for (const [grip, steps] of [
      [1, 0],
      [2.5, 1],
    ] as const) {
      const paper = new Paper();
      const tool = new PolygonTool(paper);
      for (const touch of [at(0, 0), at(100, 0), at(100, 100)]) tool.press(touch);
      tool.press(at(12, 12, { grip }));
      expect(paper.steps).toBe(steps);
    }
  });

  it("cuts a hole where it subtracts", () => {
    const paper = new Paper();
    paper.sketch = sketched([0, 0, 100, 100]);
    const tool = new PolygonTool(paper);
    const less = { subtracts: true };
    for (const touch of [at(20, 20, less), at(60, 20), at(60, 60)]) tool.press(touch);
    tool.finish();
    expect(paper.sketch.elements[0]?.holes).toHaveLength(1);
  });
});

describe("tools that follow the pointer", () => {
  it("lasso: a drag is a region, a click is none", () => {
    const paper = new Paper();
    const tool = new LassoTool(paper);
    drag(tool, at(0, 0), at(100, 0), at(100, 100), at(0, 100));
    expect(areas(paper.sketch)).toEqual([10_000]);
    drag(tool, at(300, 300));
    expect(paper.steps).toBe(1);
  });

  it("brush and eraser: a stroke each is one step", () => {
    const paper = new Paper();
    drag(new BrushTool(paper, false), at(0, 0), at(100, 0));
    const [before = 0] = areas(paper.sketch);
    drag(new BrushTool(paper, true), at(50, -30), at(50, 30));
    expect(paper.steps).toBe(2);
    expect(paper.sketch.elements).toHaveLength(2);
    expect(areas(paper.sketch).reduce((sum, area) => sum + area, 0)).toBeLessThan(before);
  });
});

describe("the select tool", () => {
  const both = sketched([0, 0, 100, 100], [200, 0, 100, 100]);

  it("selects one, or several with Shift, and lets go on the ground", () => {
    const paper = new Paper();
    paper.sketch = select(both, []);
    const tool = new SelectTool(paper);
    expect(tool.press(at(50, 50))).toBe(true);
    tool.press(at(250, 50, { shift: true }));
    expect(paper.sketch.selected).toHaveLength(2);
    expect(tool.press(at(500, 500))).toBe(false);
    expect(paper.sketch.selected).toEqual([]);
    expect(paper.steps).toBe(0);
  });

  it("pulls a corner in one step, and removes it with Delete", () => {
    const paper = new Paper();
    paper.sketch = select(
      both,
      both.elements.slice(0, 1).map(({ id }) => id),
    );
    const tool = new SelectTool(paper);
    drag(tool, at(100, 100), at(120, 110), at(150, 150));
    expect(paper.steps).toBe(1);
    expect(paper.sketch.elements[0]?.points).toContainEqual([150, 150, 0]);
    expect(tool.takeBack()).toBe(true);
    expect(paper.sketch.elements[0]?.points).toHaveLength(3);
    tool.takeBack();
    expect(paper.sketch.elements).toHaveLength(1);
  });

  it("moves all that is selected, holes and all, in one step, and lets it be with Escape", () => {
    const paper = new Paper();
    const [first] = both.elements;
    const holed = {
      ...first,
      holes: [
        [
          [40, 40, 0],
          [60, 40, 0],
          [60, 60, 0],
        ],
      ],
    } as typeof first;
    paper.sketch = add(EMPTY, [holed as NonNullable<typeof first>, ...both.elements.slice(1)]);
    const tool = new SelectTool(paper);
    drag(tool, at(20, 20), at(22, 21), at(27, 17));
    expect(paper.steps).toBe(1);
    expect(paper.sketch.elements[0]?.points?.[0]).toEqual([7, -3, 0]);
    expect(paper.sketch.elements[0]?.holes?.[0]?.[0]).toEqual([47, 37, 0]);
    expect(paper.sketch.elements[1]?.points?.[0]).toEqual([207, -3, 0]);
    tool.press(at(20, 20));
    tool.move(at(60, 60), true);
    expect(tool.preview?.elements[0]?.points?.[0]).toEqual([47, 37, 0]);
    tool.abandon();
    tool.release();
    expect(paper.steps).toBe(1);
  });

  it("puts down what it carries in the sketch as it is by then", () => {
    const paper = new Paper();
    paper.sketch = both;
    const tool = new SelectTool(paper);
    tool.press(at(20, 20));
    tool.move(at(30, 20), true);
    paper.sketch = select(reclass(both, STROMA), []);
    expect(tool.preview?.elements[0]?.group).toBe("stroma");
    tool.release();
    expect(paper.sketch.elements.map(({ group }) => group)).toEqual(["stroma", "stroma"]);
    expect(paper.sketch.elements[1]?.points?.[0]).toEqual([210, 0, 0]);
    tool.press(at(30, 20));
    tool.move(at(60, 20), true);
    paper.sketch = EMPTY;
    tool.release();
    expect(paper.steps).toBe(1);
  });

  it("takes no way that leads back for a step, of all or of a corner", () => {
    const paper = new Paper();
    paper.sketch = both;
    const tool = new SelectTool(paper);
    drag(tool, at(20, 20), at(60, 60), at(20, 20));
    drag(tool, at(100, 100), at(130, 130), at(100, 100));
    expect(paper.steps).toBe(0);
  });

  it("takes a trembling hand for a click, which selects that one alone", () => {
    const paper = new Paper();
    paper.sketch = both;
    drag(new SelectTool(paper), at(50, 50), at(51, 51));
    expect(paper.steps).toBe(0);
    expect(paper.sketch.selected).toEqual([both.elements[0]?.id]);
  });

  it("turns by the round handle, about the middle, with Shift by 15°", () => {
    const paper = new Paper();
    paper.sketch = add(EMPTY, [
      rectangle([0, 0, 100, 40], TUMOR),
      polygon(square([0, 0, 100, 40]), TUMOR),
    ]);
    const tool = new SelectTool(paper);
    const handle = turnHandleOf(paper.sketch.elements, 1);
    expect(handle?.centre).toEqual({ x: 50, y: 20 });
    // A quarter and a bit to the right of where it hangs: Shift makes it a quarter.
    drag(tool, at(50, -26), at(90, 22, { shift: true }));
    const [box, shape] = paper.sketch.elements;
    expect(box?.rotation).toBeCloseTo(Math.PI / 2);
    expect(box?.center?.slice(0, 2)).toEqual([50, 20]);
    expect(shape?.points?.[0]?.[0]).toBeCloseTo(70);
    expect(shape?.points?.[0]?.[1]).toBeCloseTo(-30);
    expect(paper.steps).toBe(1);
  });

  it("has no handle to turn what looks the same when it is turned", () => {
    expect(turnHandleOf([point({ x: 1, y: 1 }, TUMOR)], 1)).toBeNull();
  });
});

it("ids are not given twice", () => {
  expect(new Set(Array.from({ length: 1000 }, newId)).size).toBe(1000);
});
