import { describe, expect, it } from "vitest";
import { planDrawing } from "../src/model/drawPlan";
import { type Pyramid, tileKey } from "../src/model/pyramid";

const PYRAMID: Pyramid = {
  width: 2048,
  height: 2048,
  tileWidth: 256,
  tileHeight: 256,
  maxZoom: 3,
};
const VIEW = [0, 0, 1024, 1024] as const;

function plan(z: number, ready: readonly string[]) {
  const { drawn, wanted } = planDrawing(PYRAMID, z, VIEW, (tile) => ready.includes(tileKey(tile)));
  return { drawn: drawn.map(tileKey), wanted: wanted.map(tileKey) };
}

describe("the draw plan", () => {
  it("asks for the tiles in view, from the middle outwards", () => {
    const { wanted } = plan(3, []);
    expect(wanted).toHaveLength(16);
    expect(wanted.slice(0, 4).sort()).toEqual(["3/1/1", "3/1/2", "3/2/1", "3/2/2"]);
  });

  it("draws a coarser tile while finer ones are missing, once and below them", () => {
    expect(plan(3, ["0/0/0", "1/0/0", "3/1/1"]).drawn).toEqual(["1/0/0", "3/1/1"]);
  });

  it("draws finer tiles that are there when the coarse one is not", () => {
    expect(plan(1, ["2/0/0", "3/3/3"]).drawn).toEqual(["2/0/0", "3/3/3"]);
  });

  it("needs no stand-ins for what is there", () => {
    expect(plan(1, ["0/0/0", "1/0/0", "2/0/0"]).drawn).toEqual(["1/0/0"]);
  });
});
