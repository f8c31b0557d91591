// @vitest-environment happy-dom
/** What pointers do that come and go otherwise than one expects. */
import { describe, expect, it, vi } from "vitest";
import type { Box } from "../src/model/box";
import { DrawPane } from "../src/viewer/drawing/drawPane";
import { MeasureTool } from "../src/viewer/measureTool";
import { RegionTool } from "../src/viewer/regionTool";
import { setUp as setUpDesk } from "./scene";

const PROJECTION = { scale: 1, left: 0, top: 0, width: 800, height: 600 };
const SLIDE: Box = [0, 0, 800, 600];

function hands(pane: HTMLElement | null) {
  return (kind: string, pointerId: number, clientX: number, clientY: number): void => {
    const init = { pointerId, clientX, clientY, button: 0, isPrimary: true, bubbles: true };
    pane?.dispatchEvent(new PointerEvent(kind, init));
  };
}

describe("the rectangle to segment", () => {
  function setUp() {
    const surface = document.createElement("div");
    const onDrawn = vi.fn();
    const tool = new RegionTool(surface, onDrawn, () => SLIDE);
    tool.draw(PROJECTION);
    tool.show({ scope: "drawn", box: null, drawing: true });
    return { onDrawn, hand: hands(surface.querySelector(".region-pane")) };
  }

  it("goes on under a palm that comes and is taken away", () => {
    const { onDrawn, hand } = setUp();
    hand("pointerdown", 1, 10, 20);
    hand("pointermove", 1, 60, 60);
    hand("pointerdown", 2, 400, 400);
    hand("pointercancel", 2, 400, 400);
    hand("pointermove", 1, 110, 120);
    hand("pointerup", 1, 110, 120);
    expect(onDrawn).toHaveBeenCalledExactlyOnceWith([10, 20, 100, 100]);
  });

  it.each(["pointercancel", "lostpointercapture"])(
    "is nothing after %s, and drawn anew",
    (lost) => {
      const { onDrawn, hand } = setUp();
      hand("pointerdown", 1, 10, 20);
      hand("pointermove", 1, 60, 60);
      hand(lost, 1, 60, 60);
      hand("pointerup", 1, 60, 60);
      expect(onDrawn).not.toHaveBeenCalled();
      hand("pointerdown", 3, 0, 0);
      hand("pointermove", 3, 50, 50);
      hand("pointerup", 3, 50, 50);
      hand("lostpointercapture", 3, 50, 50);
      expect(onDrawn).toHaveBeenCalledExactlyOnceWith([0, 0, 50, 50]);
    },
  );
});

describe("a measure", () => {
  function setUp() {
    const surface = document.createElement("div");
    const tool = new MeasureTool(surface, vi.fn());
    tool.draw(PROJECTION);
    tool.take("length");
    const pane = surface.querySelector<HTMLElement>(".measure-pane");
    const hand = hands(pane);
    const click = (pointer: number, x: number, y: number): void => {
      for (const kind of ["pointerdown", "pointerup", "lostpointercapture"]) {
        hand(kind, pointer, x, y);
      }
    };
    const line = () => surface.querySelector("path")?.getAttribute("d");
    return { pane, hand, click, line };
  }

  it("takes no point from a pointer that the browser takes away", () => {
    const { hand, click, line } = setUp();
    click(1, 10, 10);
    hand("pointerdown", 2, 300, 300);
    hand("pointercancel", 2, 300, 300);
    hand("lostpointercapture", 2, 300, 300);
    click(3, 50, 10);
    expect(line()).toBe("M10 10 L50 10");
  });

  it("takes none from a palm beside the pen", () => {
    const { hand, click, line } = setUp();
    hand("pointerdown", 1, 10, 10);
    hand("pointerdown", 2, 300, 300);
    hand("pointermove", 2, 310, 300);
    hand("pointerup", 2, 310, 300);
    hand("pointerup", 1, 10, 10);
    click(1, 50, 10);
    expect(line()).toBe("M10 10 L50 10");
  });

  it("that is done stays where a pointer is taken away", () => {
    const { pane, hand, click, line } = setUp();
    click(1, 10, 10);
    click(1, 50, 10);
    pane?.dispatchEvent(new MouseEvent("dblclick"));
    hand("pointerdown", 2, 300, 300);
    hand("pointercancel", 2, 300, 300);
    expect(line()).toBe("M10 10 L50 10");
  });
});

describe("a stroke of a drawing tool", () => {
  async function setUp() {
    // Nothing is painted where there is no slide.
    vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue({} as never);
    const { desk, entrance, go } = setUpDesk();
    await entrance.identify();
    go("slide");
    const surface = document.createElement("div");
    const pane = new DrawPane(surface, desk, { onPan: vi.fn(), onZoom: vi.fn() });
    pane.draw(PROJECTION, null);
    desk.take("lasso");
    const hand = hands(surface.querySelector(".draw-pane"));
    const begin = (pointer: number): void => {
      hand("pointerdown", pointer, 10, 10);
      for (const [x, y] of [
        [90, 10],
        [90, 90],
        [10, 90],
      ] as const)
        hand("pointermove", pointer, x, y);
    };
    return { desk, hand, begin };
  }

  it("counts as far as it went where its capture is lost, and the next one is another", async () => {
    const { desk, hand, begin } = await setUp();
    begin(1);
    hand("lostpointercapture", 1, 10, 90);
    expect(desk.sketch.elements).toHaveLength(1);
    hand("pointermove", 1, 400, 400);
    begin(1);
    hand("pointerup", 1, 10, 90);
    hand("lostpointercapture", 1, 10, 90);
    expect(desk.sketch.elements).toHaveLength(2);
  });

  it("that the browser takes away is nothing", async () => {
    const { desk, hand, begin } = await setUp();
    begin(1);
    hand("pointercancel", 1, 10, 90);
    hand("lostpointercapture", 1, 10, 90);
    expect(desk.sketch.elements).toEqual([]);
    expect(desk.tool?.draft).toBeNull();
  });
});
