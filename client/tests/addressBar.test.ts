import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AddressBar } from "../src/state/addressBar";
import { type Action, reduce } from "../src/state/reducer";
import { type AppState, INITIAL_STATE } from "../src/state/state";
import { Store } from "../src/state/store";
import type { Address } from "../src/state/url";

const VIEW = { camera: null, runId: null, overlay: {}, comparison: null };

/** As much of a browser's address as the bar needs. */
class Browser {
  hash = "";
  /** Pages that "back" has come by. */
  entries = 0;
  private moved = (): void => {};

  constructor() {
    const replaceState = (_state: unknown, _title: string, hash: string): void => {
      this.hash = hash;
    };
    const pushState = (...to: [unknown, string, string]): void => {
      this.entries += 1;
      replaceState(...to);
    };
    vi.stubGlobal("location", this);
    vi.stubGlobal("history", { pushState, replaceState });
    vi.stubGlobal("addEventListener", (_name: string, listener: () => void) => {
      this.moved = listener;
    });
  }

  /** What the browser does later, when it has the time for it. */
  tell(): void {
    this.moved();
  }
}

describe("the address bar", () => {
  let browser: Browser;
  let store: Store<AppState, Action>;
  let went: Address[];

  beforeEach(() => {
    vi.useFakeTimers();
    browser = new Browser();
    store = new Store<AppState, Action>(reduce, INITIAL_STATE);
    went = [];
    new AddressBar(store).start((address) => went.push(address));
    store.dispatch({ type: "slideOpened", id: "a", view: VIEW });
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const move = (x: number): void =>
    store.dispatch({ type: "cameraMoved", camera: { x, y: 0, zoom: 1 } });

  it("follows the camera once it rests", () => {
    move(10);
    move(20);
    expect(browser.hash).not.toContain("x=");
    vi.runAllTimers();
    expect(browser.hash).toContain("x=20");
  });

  it("leads back from a page past its bare address, which leads here again", () => {
    store.dispatch({ type: "learnPlace", place: { page: "agreement", of: null } });
    const before = browser.entries;
    store.dispatch({ type: "learnPlace", place: { page: "agreement", of: "pilot" } });
    expect(browser.hash).toContain("pilot");
    expect(browser.entries).toBe(before);
  });

  it("does not write over where the reader goes, told of it late", () => {
    move(10);
    browser.hash = "#queue";
    vi.runAllTimers();
    expect(browser.hash).toBe("#queue");
    browser.tell();
    expect(went.map(({ queue }) => queue)).toEqual([true]);
  });

  it("follows the camera again once the reader has arrived", () => {
    browser.hash = "#slide=a";
    browser.tell();
    move(30);
    vi.runAllTimers();
    expect(browser.hash).toContain("x=30");
  });
});
