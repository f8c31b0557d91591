import { describe, expect, it } from "vitest";
import { ProblemError, UnreachableError } from "../src/api/http";
import { outlinedBy, type Traced, wholeOf } from "../src/draw/accept";
import { polygon } from "../src/draw/element";
import { verdictOn } from "../src/draw/keeper";
import { add, EMPTY } from "../src/draw/sketch";
import {
  activeLayer,
  attributesOf,
  CLIENT_ATTRIBUTE,
  type DeskAction,
  type DeskState,
  documentOf,
  freeName,
  INITIAL_DESK,
  isSafe,
  layersHere,
  mayDraw,
  newLayer,
  reduceDesk,
  sameElements,
  storedLayer,
} from "../src/draw/state";
import { areaOf } from "../src/model/region";
import { commandFor, TOOL_KEYS } from "../src/ui/draw/hotkeys";

const TUMOR = { name: "tumor", colour: "#ff0000" };
const TRIANGLE = {
  outer: [
    { x: 0, y: 0 },
    { x: 10, y: 0 },
    { x: 10, y: 10 },
  ],
  holes: [],
};

function stateAfter(...actions: DeskAction[]): DeskState {
  return actions.reduce(reduceDesk, INITIAL_DESK);
}

const OPENED: DeskAction[] = [
  { type: "slide", slide: "slide" },
  { type: "layerOpened", layer: newLayer("slide", "mine", "Ada"), active: true },
];
const DRAWN: DeskAction = {
  type: "drawn",
  client: "mine",
  sketch: add(EMPTY, [polygon(TRIANGLE, TUMOR)]),
};

describe("layers", () => {
  it("undo and redo what was drawn in the one in hand", () => {
    const drawn = stateAfter(...OPENED, DRAWN);
    const undone = reduceDesk(drawn, { type: "undo" });
    expect(activeLayer(undone)?.history.present.elements).toEqual([]);
    const redone = reduceDesk(undone, { type: "redo" });
    expect(activeLayer(redone)?.history.present).toBe(activeLayer(drawn)?.history.present);
  });

  it("take a nudge that goes on for one step", () => {
    const drawn = stateAfter(...OPENED, DRAWN);
    const nudges = ["drawn", "redrawn", "redrawn"] as const;
    const sketches = nudges.map(() => add(EMPTY, [polygon(TRIANGLE, TUMOR)]));
    const state = nudges.reduce((now, type, index) => {
      const sketch = sketches[index] ?? EMPTY;
      return reduceDesk(now, { type, client: "mine", sketch });
    }, drawn);
    expect(activeLayer(state)?.history.present).toBe(sketches[2]);
    const back = reduceDesk(state, { type: "undo" });
    expect(activeLayer(back)?.history.present).toBe(activeLayer(drawn)?.history.present);
  });

  it("that are locked or hidden are not drawn in, nor undone", () => {
    for (const change of [{ locked: true }, { visible: false }]) {
      const state = stateAfter(...OPENED, DRAWN, { type: "layerChanged", client: "mine", change });
      expect(mayDraw(state)).toBe(false);
      expect(reduceDesk(state, { type: "undo" })).toBe(state);
    }
  });

  it("stay until they are saved when the reader goes to another slide", () => {
    const mark = { kind: "unsaved" } as const;
    const away: DeskAction = { type: "slide", slide: "other" };
    const unsaved = stateAfter(...OPENED, {
      type: "layerChanged",
      client: "mine",
      change: { mark },
    });
    const left = reduceDesk(unsaved, away);
    expect(layersHere(left)).toEqual([]);
    expect(left.layers).toHaveLength(1);
    expect(activeLayer(reduceDesk(left, { type: "slide", slide: "slide" }))?.client).toBe("mine");
    expect(stateAfter(...OPENED, away).layers).toEqual([]);
  });

  it("are safe when they are saved, or kept in this browser", () => {
    const layer = newLayer("slide", "mine", "Ada");
    const offline = { kind: "offline", detail: "" } as const;
    expect(isSafe(layer)).toBe(true);
    expect(isSafe({ ...layer, mark: offline, kept: true })).toBe(true);
    expect(isSafe({ ...layer, mark: offline, kept: false })).toBe(false);
  });

  it("stay in hand under another name when two versions part", () => {
    const change = { client: "fork", annotation: null, name: "Ada (2)" };
    const state = stateAfter(...OPENED, DRAWN, { type: "layerChanged", client: "mine", change });
    expect(activeLayer(state)).toMatchObject({ client: "fork", name: "Ada (2)" });
  });
});

describe("a layer's document", () => {
  it("is marked while it is new, and afterwards left with the marks it has", () => {
    const fresh = newLayer("slide", "mine", "Ada");
    expect(documentOf(fresh).attributes).toEqual({ [CLIENT_ATTRIBUTE]: "mine" });
    const document = { name: "case", attributes: { annotator: "anna" }, elements: [] };
    const stored = storedLayer("slide", "mine", { id: "a", version: "1" }, document);
    expect(attributesOf(stored)).toEqual({ annotator: "anna" });
    expect(documentOf(stored)).toEqual(document);
  });

  it("is the same when only the store's additions differ", () => {
    const [element] = add(EMPTY, [polygon(TRIANGLE, TUMOR)]).elements;
    if (!element) throw new Error("no element");
    const { holes: _, ...bare } = element;
    expect(sameElements([element], [{ ...bare, lineWidth: 7 }])).toBe(true);
    expect(sameElements([element], [{ ...element, group: "stroma" }])).toBe(false);
    expect(sameElements([element], [])).toBe(false);
  });
});

it("a name that is taken gets the next free number", () => {
  expect(freeName("Ada", [])).toBe("Ada");
  expect(freeName("Ada", ["Ada"])).toBe("Ada (2)");
  expect(freeName("Ada (2)", ["Ada", "Ada (2)", "Ada (3)"])).toBe("Ada (4)");
});

describe("a saving that failed", () => {
  const problem = (status: number) =>
    new ProblemError({ title: "", status, detail: "", hint: null });

  it("is tried again while it may pass, and told of where it will not", () => {
    const verdicts = [401, 404, 412, 413, 429, 503].map((status) => verdictOn(problem(status)));
    expect(verdicts).toEqual(["again", "gone", "conflict", "refused", "again", "again"]);
    expect(verdictOn(new UnreachableError("gone"))).toBe("again");
  });
});

describe("accepting what a model has outlined", () => {
  const slide = [0, 0, 1000, 1000] as const;
  const ring = (left: number, top: number, size: number) => [
    [left, top],
    [left + size, top],
    [left + size, top + size],
    [left, top + size],
    [left, top],
  ];
  const feature = (...rings: number[][][]) => ({
    geometry: { coordinates: rings },
    properties: { class: "tumor", area_um2: 1 },
  });
  const traced: Traced = {
    request: { run: "r", classNames: ["tumor"], threshold: 0.5, box: [0, 0, 500, 500] },
    collections: [
      {
        features: [
          feature(ring(10, 10, 100), ring(40, 40, 20)),
          feature(ring(200, 10, 50)),
          feature(ring(450, 300, 50)),
        ],
      },
    ],
  };

  it("takes the region at a place, with its holes, and none in a hole", () => {
    const [region, ...others] = outlinedBy(traced, { x: 20, y: 20 }, slide);
    expect(others).toEqual([]);
    expect(region && areaOf(region.region)).toBe(9600);
    expect(outlinedBy(traced, { x: 50, y: 50 }, slide)).toEqual([]);
  });

  it("takes all that lie mostly in a lasso", () => {
    const lasso = [
      { ...TRIANGLE, outer: [...ring(0, 0, 240)].slice(0, 4).map(([x = 0, y = 0]) => ({ x, y })) },
    ];
    expect(outlinedBy(traced, lasso, slide)).toHaveLength(2);
  });

  it("traces again what the view cuts, until it is whole", async () => {
    const [cut] = outlinedBy(traced, { x: 475, y: 325 }, slide);
    expect(cut?.isCut).toBe(true);
    if (!cut) throw new Error("no region");
    const boxes: (readonly number[])[] = [];
    const whole = await wholeOf(cut, traced.request, slide, async ({ box }) => {
      boxes.push(box);
      return { features: [feature(ring(450, 300, Math.min(60, box[0] + box[2] - 450)))] };
    });
    expect(whole.isCut).toBe(false);
    expect(areaOf(whole.region)).toBe(3600);
    expect(boxes.length).toBeGreaterThan(0);
  });
});

describe("keys", () => {
  const press = (key: string, change = {}) =>
    commandFor({ key, ctrl: false, shift: false, digit: null, ...change });

  it("take every tool, by one letter each", () => {
    const letters = Object.values(TOOL_KEYS);
    expect(new Set(letters).size).toBe(letters.length);
    for (const [tool, key] of Object.entries(TOOL_KEYS)) {
      expect(press(key.toLowerCase())).toEqual({ kind: "tool", tool });
    }
  });

  it("undo and redo with Ctrl, and leave other combinations alone", () => {
    expect(press("z", { ctrl: true })).toEqual({ kind: "undo" });
    expect(press("Z", { ctrl: true, shift: true })).toEqual({ kind: "redo" });
    expect(press("p", { ctrl: true })).toBeNull();
  });

  it("nudge by arrows, with Shift by ten", () => {
    expect(press("ArrowLeft")).toEqual({ kind: "nudge", dx: -1, dy: 0 });
    expect(press("ArrowDown", { shift: true })).toEqual({ kind: "nudge", dx: 0, dy: 10 });
    expect(press("ArrowDown", { ctrl: true })).toBeNull();
  });

  it("choose a class by digit, whatever Shift makes of it", () => {
    expect(press("!", { shift: true, digit: 1 })).toEqual({
      kind: "class",
      index: 0,
      ofSelected: true,
    });
  });
});
