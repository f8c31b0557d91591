// @vitest-environment happy-dom
/** An annotation that takes its time to open is drawn in only if that is still wished. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Scene, setUp, square } from "./scene";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function open(): Promise<Scene> {
  const scene = setUp();
  await scene.entrance.identify();
  for (const name of ["one", "two"]) {
    scene.service.write(name, { name, elements: [square(0)] });
  }
  scene.go("slide");
  await scene.settled();
  scene.service.delay = 100;
  return scene;
}

const inHand = ({ desk }: Scene) => ({
  layers: desk.state.layers.map(({ annotation }) => annotation),
  tool: desk.state.tool,
});

describe("an annotation that is to be drawn in", () => {
  it("is opened with a tool to begin with, or with the one that was taken meanwhile", async () => {
    for (const tool of ["select", "brush"] as const) {
      const scene = await open();
      void scene.desk.edit({ id: "one" });
      if (tool !== "select") scene.desk.take(tool);
      await scene.settled();
      expect(inHand(scene)).toEqual({ layers: ["one"], tool });
    }
  });

  it("is not, once the tools were put away, or its slide left and come back to", async () => {
    for (const turn of [
      ({ desk }: Scene) => desk.putAway(),
      ({ go }: Scene) => {
        go("other");
        go("slide");
      },
    ]) {
      const scene = await open();
      void scene.desk.edit({ id: "one" });
      turn(scene);
      await scene.settled();
      expect(inHand(scene)).toEqual({ layers: [], tool: "pan" });
    }
  });

  it("is the last that was asked for, whichever comes first", async () => {
    const scene = await open();
    scene.service.delay = 500;
    void scene.desk.edit({ id: "one" });
    scene.service.delay = 100;
    void scene.desk.edit({ id: "two" });
    await scene.settled();
    expect(inHand(scene).layers).toEqual(["two"]);
  });
});
