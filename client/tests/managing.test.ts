import { describe, expect, it } from "vitest";
import type { Api } from "../src/api/client";
import { ProblemError, UnreachableError } from "../src/api/http";
import type { AnnotationDocument, AnnotationSummary, StoredAnnotation } from "../src/api/types";
import type { Draft, Drafts } from "../src/draw/drafts";
import { polygon } from "../src/draw/element";
import { Keeper } from "../src/draw/keeper";
import { Managing } from "../src/draw/managing";
import { add, EMPTY } from "../src/draw/sketch";
import {
  type DeskAction,
  type DeskState,
  INITIAL_DESK,
  reduceDesk,
  storedLayer,
} from "../src/draw/state";
import { Store } from "../src/state/store";
import { Chest } from "./scene";

const ONE: AnnotationSummary = {
  id: "a1",
  name: "Ada",
  description: "",
  attributes: {},
  elements_count: 1,
  by: "Ada",
  updated: "2026-01-01T00:00:00Z",
  version: "3",
  editable: true,
  mine: true,
};
const DOCUMENT: AnnotationDocument = { name: "Ada", elements: [], attributes: { role: "senior" } };
const TRIANGLE = {
  outer: [
    { x: 0, y: 0 },
    { x: 9, y: 0 },
    { x: 9, y: 9 },
  ],
  holes: [],
};

function problem(status: number): ProblemError {
  return new ProblemError({ title: "no", status, detail: `no ${status}`, hint: null });
}

/** A service with one annotation. */
function desk({ status = 0, lists = true, answers = true } = {}) {
  const store = new Store<DeskState, DeskAction>(reduceDesk, INITIAL_DESK);
  store.dispatch({ type: "slide", slide: "s1" });
  const calls: unknown[][] = [];
  const told: string[] = [];
  const troubles: unknown[] = [];
  const answer = async (...call: unknown[]): Promise<AnnotationSummary> => {
    calls.push(call);
    if (status) throw problem(status);
    return { ...ONE, version: "4" };
  };
  const api = {
    annotation: async (): Promise<StoredAnnotation> => {
      return { ...DOCUMENT, version: "3", editable: true };
    },
    updateAnnotation: (id: string, version: string, document: AnnotationDocument) =>
      answer("update", id, version, document),
    deleteAnnotation: async (id: string, version: string) =>
      void (await answer("delete", id, version)),
    deletedAnnotations: async () => {
      if (!answers) throw new UnreachableError("gone");
      if (!lists) throw problem(404);
      return [];
    },
    restoreAnnotation: (id: string, version: string, now: string) =>
      answer("restore", id, version, now),
  };
  const events = {
    onNote: (note: string) => void told.push(note),
    onTrouble: (error: unknown) => void troubles.push(error),
    onListChanged: () => void told.push("listed"),
    onGone: (id: string) => void told.push(`gone ${id}`),
  };
  const drafts = new Chest() as unknown as Drafts<Draft>;
  const keeper = new Keeper(api as unknown as Api, store, drafts, () => "ada", events);
  store.subscribe(() => keeper.look());
  const managing = new Managing(api, store, keeper, events);
  const open = (): void => {
    keeper.open(storedLayer("s1", "c1", { id: "a1", version: "3" }, DOCUMENT), true);
  };
  const draw = (): void => {
    const sketch = add(EMPTY, [polygon(TRIANGLE, { name: "tumor", colour: "#ff0000" })]);
    store.dispatch({ type: "drawn", client: "c1", sketch });
  };
  return { store, calls, told, troubles, managing, open, draw };
}

describe("a whole annotation", () => {
  it("gets another name and keeps all else, open or not", async () => {
    const { store, calls, managing, open } = desk();
    await managing.rename(ONE, "  Bert ");
    expect(calls).toEqual([["update", "a1", "3", { ...DOCUMENT, name: "Bert" }]]);
    open();
    await managing.rename(ONE, "Carl");
    expect(calls[1]).toMatchObject([
      "update",
      "a1",
      "3",
      { name: "Carl", attributes: { role: "senior" } },
    ]);
    expect(store.state.layers[0]).toMatchObject({ name: "Carl", version: "4" });
  });

  it("is not written at all for the name that it has, or none", async () => {
    const { calls, managing } = desk();
    await managing.rename(ONE, "Ada");
    await managing.rename(ONE, "  ");
    expect(calls).toEqual([]);
  });

  it("is deleted in the version that was seen, and its layer closed", async () => {
    const { store, calls, told, managing, open } = desk();
    open();
    await managing.remove(ONE);
    expect(calls).toEqual([["delete", "a1", "3"]]);
    expect(store.state.layers).toEqual([]);
    expect(told).toEqual(["gone a1", expect.stringContaining("was deleted"), "listed"]);
  });

  it("stays, with its layer, where somebody has changed it or may forbid it", async () => {
    for (const [status, words] of [
      [412, "changed elsewhere"],
      [403, "no 403"],
    ] as const) {
      const { store, told, managing, open } = desk({ status });
      open();
      await managing.remove(ONE);
      expect(store.state.layers).toHaveLength(1);
      expect(told[0]).toContain(words);
    }
  });

  it("is not deleted while strokes of it are not saved", async () => {
    const { calls, told, managing, open, draw } = desk({ status: 503 });
    open();
    draw();
    await managing.remove(ONE);
    expect(calls.map(([what]) => what)).toEqual(["update"]);
    expect(told[0]).toContain("not saved yet");
  });

  it("keeps its layer where a stroke came while it was deleted", async () => {
    const { store, managing, open, draw } = desk();
    open();
    const removed = managing.remove(ONE);
    await Promise.resolve();
    draw();
    await removed;
    expect(store.state.layers).toHaveLength(1);
  });

  it("is brought back, even where the archive cannot list what was deleted", async () => {
    const { calls, managing } = desk({ lists: false });
    expect((await managing.deleted("s1")).status).toBe("failed");
    await managing.remove(ONE);
    const deleted = await managing.deleted("s1");
    expect(deleted).toMatchObject({ status: "ready", value: [{ id: "a1" }] });
    await managing.bringBack(ONE);
    expect(calls[1]).toEqual(["restore", "a1", "3", "3"]);
    expect((await managing.deleted("s1")).status).toBe("failed");
  });

  it("that was deleted cannot be listed by a service that does not answer, and it is told", async () => {
    const { managing, troubles } = desk({ answers: false });
    expect(await managing.deleted("s1")).toMatchObject({
      status: "failed",
      problem: { status: 0, detail: "The service does not answer." },
    });
    expect(troubles).toEqual([new UnreachableError("gone")]);
  });
});
