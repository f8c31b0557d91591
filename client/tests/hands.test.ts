import { describe, expect, it, vi } from "vitest";
import { Hands, type Press } from "../src/viewer/drawing/hands";

function setUp() {
  const events = {
    onPress: vi.fn(() => true),
    onMove: vi.fn(),
    onRelease: vi.fn(),
    onCancel: vi.fn(),
    onPan: vi.fn(),
    onZoom: vi.fn(),
  };
  return { events, hands: new Hands<Press>(events) };
}

function pointer(pointerId: number, pointerType: string) {
  return (clientX: number, clientY: number, timeStamp: number): Press => ({
    pointerId,
    pointerType,
    clientX,
    clientY,
    timeStamp,
  });
}

const finger = pointer(1, "touch");
const second = pointer(2, "touch");
const third = pointer(3, "touch");
const pen = pointer(9, "pen");
const mouse = pointer(7, "mouse");

describe("a stroke", () => {
  it("is one pointer's: a palm that comes later neither draws nor ends it", () => {
    const { events, hands } = setUp();
    hands.press(finger(0, 0, 0), true);
    hands.move(finger(50, 0, 400));
    hands.press(second(300, 300, 500), true);
    hands.move(second(310, 300, 510));
    hands.release(second(310, 300, 520));
    hands.move(finger(90, 0, 600));
    hands.release(finger(90, 0, 610));
    expect(events.onPress).toHaveBeenCalledOnce();
    expect(events.onMove.mock.calls.map(([{ clientX }]) => clientX)).toEqual([50, 90]);
    expect(events.onRelease).toHaveBeenCalledOnce();
    expect(events.onCancel).not.toHaveBeenCalled();
    expect(events.onPan).not.toHaveBeenCalled();
  });

  it("that ends where it began is not thrown away by a palm", () => {
    const { events, hands } = setUp();
    hands.press(finger(0, 0, 0), true);
    for (const x of [90, 2]) hands.move(finger(x, 0, 400 + x));
    hands.press(second(300, 300, 900), true);
    hands.release(finger(1, 0, 1000));
    expect(events.onCancel).not.toHaveBeenCalled();
    expect(events.onRelease).toHaveBeenCalledOnce();
  });

  it("that the browser takes away is cancelled, and the next one draws", () => {
    const { events, hands } = setUp();
    hands.press(finger(0, 0, 0), true);
    hands.lose(finger(0, 0, 10));
    hands.release(finger(0, 0, 20));
    expect(events.onCancel).toHaveBeenCalledOnce();
    expect(events.onRelease).not.toHaveBeenCalled();
    hands.press(second(0, 0, 900), true);
    expect(events.onPress).toHaveBeenCalledTimes(2);
  });

  it("of a mouse is not, where the tool has no use for it: then the slide moves", () => {
    const { events, hands } = setUp();
    events.onPress.mockReturnValue(false);
    hands.press(mouse(0, 0, 0), true);
    hands.move(mouse(5, 7, 10));
    expect(events.onPan).toHaveBeenCalledWith(5, 7);
    hands.release(mouse(5, 7, 20));
    hands.move(mouse(9, 9, 30));
    expect(events.onMove).toHaveBeenCalledExactlyOnceWith(mouse(9, 9, 30), false);
  });
});

describe("two fingers", () => {
  it("move the slide and zoom about their middle; what the first had begun is nothing", () => {
    const { events, hands } = setUp();
    hands.press(finger(100, 100, 0), true);
    hands.press(second(200, 100, 80), true);
    expect(events.onCancel).toHaveBeenCalledOnce();
    hands.move(second(300, 100, 100));
    expect(events.onPan).toHaveBeenCalledWith(50, 0);
    expect(events.onZoom).toHaveBeenCalledWith(2, { x: 200, y: 100 });
    expect(events.onMove).not.toHaveBeenCalled();
    hands.press(third(0, 0, 120), true);
    hands.release(finger(100, 100, 200));
    hands.move(second(310, 100, 210));
    expect(events.onPan).toHaveBeenLastCalledWith(10, 0);
    hands.release(second(310, 100, 220));
    expect(events.onRelease).not.toHaveBeenCalled();
    hands.press(finger(0, 0, 900), true);
    expect(events.onPress).toHaveBeenCalledTimes(2);
  });

  it("zoom however long the first has rested", () => {
    const { events, hands } = setUp();
    hands.press(finger(100, 100, 0), true);
    hands.move(finger(103, 100, 900));
    hands.press(second(200, 100, 1000), true);
    expect(hands.isPanning).toBe(true);
    expect(events.onCancel).toHaveBeenCalledOnce();
  });
});

describe("a pen", () => {
  it("takes over from a palm that was there first", () => {
    const { events, hands } = setUp();
    hands.press(finger(0, 0, 0), true);
    hands.move(finger(60, 0, 900));
    hands.press(pen(10, 10, 1000), true);
    expect(events.onCancel).toHaveBeenCalledOnce();
    hands.move(finger(90, 0, 1010));
    hands.release(finger(90, 0, 1020));
    hands.move(pen(20, 10, 1030));
    hands.release(pen(20, 10, 1040));
    expect(events.onRelease).toHaveBeenCalledOnce();
    expect(events.onMove).toHaveBeenLastCalledWith(pen(20, 10, 1030), true);
    expect(events.onPan).not.toHaveBeenCalled();
  });

  it("makes fingers move the slide while it is about, and draw again when it is not", () => {
    const { events, hands } = setUp();
    hands.press(pen(0, 0, 0), true);
    hands.release(pen(0, 0, 10));
    hands.press(finger(0, 0, 5000), true);
    hands.move(finger(8, 0, 5010));
    hands.release(finger(8, 0, 5020));
    expect(events.onPan).toHaveBeenCalledWith(8, 0);
    expect(events.onPress).toHaveBeenCalledOnce();
    hands.press(finger(0, 0, 60_000), true);
    expect(events.onPress).toHaveBeenCalledTimes(2);
  });
});
