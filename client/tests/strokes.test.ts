// @vitest-environment happy-dom
/** What is in hand when something comes between is not lost. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ToolName } from "../src/draw/state";
import { click, type Scene, setUp, touch } from "./scene";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function open(): Promise<Scene> {
  const scene = setUp();
  await scene.entrance.identify();
  scene.go("slide");
  await scene.settled();
  return scene;
}

/** A way about a square, with the pointer still down. */
function drawing({ desk }: Scene, tool: ToolName): void {
  desk.take(tool);
  const [first, ...way] = [touch(10, 10), touch(90, 10), touch(90, 90), touch(20, 80)];
  if (first) desk.tool?.press(first);
  for (const each of way) desk.tool?.move(each, true);
}

const count = ({ desk }: Scene): number => desk.sketch.elements.length;

describe.each(["lasso", "brush", "rectangle", "ellipse", "point"] as const)(
  "a stroke of the %s that is under way",
  (tool) => {
    it("counts when another tool is taken, and its pointer draws nothing more", async () => {
      const scene = await open();
      drawing(scene, tool);
      scene.desk.take("lasso");
      expect(count(scene)).toBe(1);
      scene.desk.tool?.move(touch(50, 200), true);
      scene.desk.tool?.release();
      expect(count(scene)).toBe(1);
    });

    it("counts when the slide is left, and is saved there", async () => {
      const scene = await open();
      drawing(scene, tool);
      scene.go("other");
      await scene.settled();
      expect(scene.service.listed()).toMatchObject([{ elements_count: 1 }]);
      expect(scene.desk.isAtRest).toBe(true);
    });

    it("counts when the session ends, under the name of whoever has drawn it", async () => {
      const scene = await open();
      drawing(scene, tool);
      scene.service.who = null;
      scene.entrance.lost();
      await scene.settled();
      expect([...scene.chest.kept.values()]).toMatchObject([{ account: "dsa archive ada" }]);
      await scene.entrance.signIn("ada", "secret");
      scene.go("slide");
      await scene.settled();
      expect(count(scene)).toBe(1);
      expect(scene.service.listed()).toMatchObject([{ elements_count: 1 }]);
    });
  },
);

it("a corner that is being pulled stays where it is when the slide is left", async () => {
  const scene = await open();
  const { desk, draw, go, settled, service } = scene;
  draw(0);
  desk.take("select");
  desk.tool?.press(touch(10, 10));
  desk.tool?.move(touch(40, 40), true);
  go("other");
  await settled();
  const [document] = service.stored.values();
  expect(document?.elements[0]?.points).toContainEqual([40, 40, 0]);
});

describe("a polygon that is not closed", () => {
  async function begun(...corners: readonly (readonly [number, number])[]): Promise<Scene> {
    const scene = await open();
    scene.desk.take("polygon");
    for (const [x, y] of corners) click(scene, x, y);
    return scene;
  }

  it("and encloses nothing yet goes on when its tool is taken again", async () => {
    const { desk } = await begun([0, 0], [50, 0]);
    desk.take("brush");
    expect(desk.tool?.draft).toBeNull();
    desk.take("polygon");
    expect(desk.tool?.draft?.points).toHaveLength(2);
    expect(desk.state.note).toContain("in hand again");
  });

  it("over a layer that takes none is not lost to another tool", async () => {
    const scene = await open();
    const { desk, draw } = scene;
    draw(300);
    desk.take("polygon");
    for (const [x, y] of [
      [0, 0],
      [50, 0],
      [50, 50],
    ] as const)
      click(scene, x, y);
    const client = desk.state.layers[0]?.client ?? "";
    desk.setLocked(client, true);
    desk.take("pan");
    desk.setLocked(client, false);
    desk.take("polygon");
    desk.tool?.finish();
    expect(count(scene)).toBe(2);
  });
});

describe("an arrow key that is held down", () => {
  async function selected(): Promise<Scene> {
    const scene = await open();
    scene.draw(0);
    scene.desk.take("select");
    scene.desk.nudge(1, 0, false);
    return scene;
  }

  it("makes one step of all its nudges", async () => {
    const { desk, drawnAt } = await selected();
    desk.nudge(1, 0, true);
    desk.nudge(1, 0, true);
    expect(drawnAt()).toEqual([3]);
    desk.undo();
    expect(drawnAt()).toEqual([0]);
  });

  it("goes on with no step but its own", async () => {
    const { desk, drawnAt } = await selected();
    desk.undo();
    desk.selectAll();
    desk.nudge(5, 0, true);
    expect(drawnAt()).toEqual([5]);
    desk.undo();
    expect(drawnAt()).toEqual([0]);
    desk.redo();
    desk.selectAll();
    desk.classifySelected("tumor");
    desk.nudge(1, 0, true);
    expect(drawnAt()).toEqual([6]);
    desk.undo();
    expect(drawnAt()).toEqual([5]);
  });
});
