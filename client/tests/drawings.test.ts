// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import type { Api } from "../src/api/client";
import { ProblemError } from "../src/api/http";
import type { StoredAnnotation } from "../src/api/types";
import { Calls } from "../src/state/calls";
import { Drawings } from "../src/state/drawings";
import { type Action, reduce } from "../src/state/reducer";
import { type AppState, INITIAL_STATE } from "../src/state/state";
import { Store } from "../src/state/store";

const STORED = { elements: [] } as unknown as StoredAnnotation;

/** A slide on the stage, and an archive that answers when it is told to. */
function setUp() {
  const asked: { resolve(one: StoredAnnotation): void; reject(why: unknown): void }[] = [];
  const annotation = (_: string, signal: AbortSignal) =>
    new Promise<StoredAnnotation>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
      asked.push({ resolve, reject });
    });
  const store = new Store<AppState, Action>(reduce, INITIAL_STATE);
  const view = { camera: null, runId: null, overlay: {}, comparison: null };
  const open = (id: string) => store.dispatch({ type: "slideOpened", id, view });
  open("s");
  const calls = new Calls(store, { onUnreachable: vi.fn(), onSignedOut: vi.fn() });
  const drawings = new Drawings({ annotation } as unknown as Api, store, calls);
  const seen = () => [store.state.slide?.awaited, Object.keys(store.state.slide?.drawn ?? {})];
  return { asked, drawings, open, seen, store };
}

describe("an annotation that is switched on", () => {
  it("is said to be on its way until it is there", async () => {
    const { asked, drawings, seen } = setUp();
    const done = drawings.toggle("a");
    expect(seen()).toEqual([["a"], []]);
    asked[0]?.resolve(STORED);
    await done;
    expect(seen()).toEqual([[], ["a"]]);
  });

  it("is called off by a second click, and had by a third", async () => {
    const { asked, drawings, seen, store } = setUp();
    const first = drawings.toggle("a");
    await drawings.toggle("a");
    const third = drawings.toggle("a");
    await first;
    expect(seen()).toEqual([["a"], []]);
    asked[1]?.resolve(STORED);
    await third;
    expect(seen()).toEqual([[], ["a"]]);
    expect(store.state.toasts).toEqual([]);
  });

  it("is off again where it cannot be had, and the reason is told", async () => {
    const { asked, drawings, seen, store } = setUp();
    const done = drawings.toggle("a");
    asked[0]?.reject(new ProblemError({ title: "", status: 404, detail: "gone", hint: null }));
    await done;
    expect(seen()).toEqual([[], []]);
    expect(store.state.toasts.map(({ text }) => text)).toEqual(["gone"]);
  });

  it("is called off, and nobody's, once another slide was open", async () => {
    const { asked, drawings, open, seen, store } = setUp();
    const first = drawings.toggle("a");
    open("t");
    open("s");
    const second = drawings.toggle("a");
    await first;
    expect(seen()).toEqual([["a"], []]);
    asked[1]?.resolve(STORED);
    await second;
    expect(seen()).toEqual([[], ["a"]]);
    expect(store.state.toasts).toEqual([]);
  });
});
