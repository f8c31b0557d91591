// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import type { Api } from "../src/api/client";
import { ProblemError } from "../src/api/http";
import type { Account } from "../src/api/types";
import { type Action, reduce } from "../src/state/reducer";
import { Session } from "../src/state/session";
import { type AppState, INITIAL_STATE } from "../src/state/state";
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

function setUp() {
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
  return { store, session: new Session(api, learn as never, {} as never, store, events) };
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
