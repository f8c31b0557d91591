import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { followJob } from "../src/api/events";
import { job } from "./records";

/** An `EventSource` that a test speaks through. */
class ScriptedSource extends EventTarget {
  static readonly CLOSED = 2;
  static opened: ScriptedSource[] = [];
  readyState = 1;

  constructor(readonly url: string) {
    super();
    ScriptedSource.opened.push(this);
  }

  say(event: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(event, { data: JSON.stringify(data) }));
  }

  fail(readyState: number): void {
    this.readyState = readyState;
    this.dispatchEvent(new Event("error"));
  }

  close(): void {
    this.readyState = ScriptedSource.CLOSED;
  }
}

function listen() {
  const heard: string[] = [];
  const stop = followJob("/events", {
    onJob: ({ state }) => heard.push(state),
    onTiles: (boxes) => heard.push(`${boxes.length} boxes`),
    onGap: () => heard.push("gap"),
    onTrouble: () => heard.push("trouble"),
  });
  return { heard, stop };
}

const latest = (): ScriptedSource => ScriptedSource.opened.at(-1) as ScriptedSource;

beforeEach(() => {
  ScriptedSource.opened = [];
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", ScriptedSource);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("following a job", () => {
  it("hears of the job and its tiles, and hangs up when it has ended", () => {
    const { heard } = listen();
    latest().say("job", job({ state: "running" }));
    latest().say("tiles", {
      boxes: [
        [0, 0, 1, 1],
        [1, 1, 2, 2],
      ],
    });
    latest().say("job", job({ state: "done" }));
    expect(heard).toEqual(["running", "2 boxes", "done"]);
    expect(latest().readyState).toBe(ScriptedSource.CLOSED);
  });

  it("leaves a dropped connection to the browser, which knows where it was", () => {
    const { heard } = listen();
    latest().fail(0);
    vi.advanceTimersByTime(60_000);
    expect(heard).toEqual(["trouble"]);
    expect(ScriptedSource.opened).toHaveLength(1);
  });

  it("opens a new stream when the browser has given up, and says that something may be missing", () => {
    const { heard } = listen();
    latest().fail(ScriptedSource.CLOSED);
    vi.advanceTimersByTime(2000);
    expect(ScriptedSource.opened).toHaveLength(2);
    expect(heard).toEqual(["trouble"]);
    latest().dispatchEvent(new Event("open"));
    expect(heard).toEqual(["trouble", "gap"]);
  });

  it("stays silent once told to stop", () => {
    const { heard, stop } = listen();
    latest().fail(ScriptedSource.CLOSED);
    stop();
    vi.advanceTimersByTime(60_000);
    expect(ScriptedSource.opened).toHaveLength(1);
    expect(heard).toEqual(["trouble"]);
  });
});
