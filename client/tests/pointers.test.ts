// @vitest-environment happy-dom
/** Rectangles and measures are set by one pointer, and by none that the browser takes away. */
import { describe, expect, it, vi } from "vitest";
import type { Box } from "../src/model/box";
import { MeasureTool } from "../src/viewer/measureTool";
import { RegionTool } from "../src/viewer/regionTool";

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
