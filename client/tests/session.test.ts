// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import type { Api } from "../src/api/client";
import { ProblemError } from "../src/api/http";
import type { ReviewQueue, Verdict } from "../src/api/review";
import type { Account } from "../src/api/types";
import { type Action, reduce } from "../src/state/reducer";
import { Session } from "../src/state/session";
import { type AppState, INITIAL_STATE, REVIEWED } from "../src/state/state";
import { Store } from "../src/state/store";
import { decodeAddress } from "../src/state/url";
import { MODEL, slide } from "./records";

const USER = { id: "u", login: "ada", name: "Ada" };
const SIGNED_IN: Account = {
  mode: "dsa",
  site: "archive",
  user: USER,
  retrains: false,
  datasets: false,
};

function setUp(review: Record<string, unknown> = {}) {
  const api = {
    session: async () => SIGNED_IN,
    signIn: async () => SIGNED_IN,
    signOut: async () => {},
    health: async () => {},
    models: async () => [MODEL],
    folders: async () => [],
    slides: async () => [],
    slide: async (id: string) => slide({ id }),
    annotations: async () => [],
    jobs: async () => [],
    runs: async () => [],
    queue: async () => [],
    datasets: async () => ({ datasets: [], missing: null }),
  } as unknown as Api;
  const learn = { model: async () => ({}), curves: async () => [] };
  const store = new Store<AppState, Action>(reduce, INITIAL_STATE);
  const events = {
    onTiles: vi.fn(),
    onReturn: vi.fn(),
    cameraOn: vi.fn(),
    lookAt: vi.fn(),
    onCorrect: vi.fn(),
    onHandsOff: vi.fn(),
  };
  const session = new Session(api, learn as never, review as never, store, events);
  return { store, session, events };
}

const refusal = new ProblemError({ title: "", status: 401, detail: "ended", hint: null });

describe("the pages above the stage", () => {
  it("are open one at a time", async () => {
    const { store, session } = setUp();
    await session.start(decodeAddress("#slide=s"));
    const open = () => {
      const { launch, learn, datasets } = store.state;
      const pages = { queue: launch.queue, learn, datasets };
      return Object.entries(pages).flatMap(([name, page]) => (page ? [name] : []));
    };
    session.launch.showQueue(true);
    expect(open()).toEqual(["queue"]);
    session.learning.show({ page: "models", of: null });
    expect(open()).toEqual(["learn"]);
    session.openDatasets(null);
    expect(open()).toEqual(["datasets"]);
    session.launch.showQueue(true);
    expect(open()).toEqual(["queue"]);
    session.openSlide("s");
    expect(open()).toEqual([]);
  });
});

describe("whoever comes in again", () => {
  it.each(["#queue", "#queue&slide=s", "#slide=s"])("is back at %s", async (address) => {
    for (const how of ["signs out", "is refused"]) {
      const { store, session } = setUp();
      await session.start(decodeAddress(address));
      const before = store.state;
      if (how === "signs out") session.signOut();
      else for (let call = 0; call < 3; call++) session.trouble(refusal);
      await vi.waitFor(() => expect(store.state.slide).toBeNull());
      await vi.waitFor(() => expect(store.state.launch.queue).toBeNull());
      session.signIn("ada", "secret");
      await vi.waitFor(() => expect(store.state.slide?.id).toBe(before.slide?.id));
      await vi.waitFor(() => expect(!store.state.launch.queue).toBe(!before.launch.queue));
    }
  });
});

it("a region that is drawn in by now is not shown a second time", async () => {
  const region = (verdict?: Verdict) => ({
    number: 1,
    slide: { id: "s" },
    box: [0, 0, 9, 9],
    ...(verdict
      ? { said: { verdict, by: "ada", at: "now" }, annotation: "a1" }
      : { said: null, annotation: null }),
  });
  const queue = { id: "q", regions: [region()] } as unknown as ReviewQueue;
  let answer: (document: { elements: [] }) => void = () => {};
  const { store, session, events } = setUp({
    queues: async () => ({ queues: [queue], making: null, missing: null }),
    queue: async () => queue,
    reviewAnswer: () => new Promise((resolve) => (answer = resolve)),
    say: async () => ({ regions: [region("fix")], gains: {} }),
  });
  await session.start(decodeAddress("#slide=s"));
  await vi.waitFor(() => expect(store.state.slide?.detail.status).toBe("ready"));
  session.learning.show({ page: "review", of: "q" });
  await vi.waitFor(() => expect(store.state.learn?.review?.at).toBe(1));
  session.reviewing.say("fix");
  await vi.waitFor(() => expect(events.onCorrect).toHaveBeenCalledWith("a1"));
  answer({ elements: [] });
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(Object.keys(store.state.slide?.drawn ?? {})).not.toContain(REVIEWED);
});
