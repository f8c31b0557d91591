import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../src/api/client";
import { ProblemError } from "../src/api/http";
import type { Account, Folder } from "../src/api/types";
import { Calls } from "../src/state/calls";
import { Entrance } from "../src/state/entrance";
import { type Action, reduce } from "../src/state/reducer";
import { isIn, needsSignIn } from "../src/state/selectors";
import { Shelves } from "../src/state/shelves";
import { type AppState, INITIAL_STATE } from "../src/state/state";
import { Store } from "../src/state/store";
import { slide } from "./records";

const USER = { id: "u", login: "ada", name: "Ada" };
const NO_RIGHTS = { retrains: false, datasets: false };
const SIGNED_OUT: Account = { mode: "dsa", site: "archive", user: null, ...NO_RIGHTS };
const SIGNED_IN: Account = { ...SIGNED_OUT, user: USER };
const FOLDER: Account = { mode: "folder", site: null, user: null, ...NO_RIGHTS };
const SHELF: Folder = { id: "f", name: "Cases", kind: "folder" };

function refusal(status: number, detail: string): ProblemError {
  return new ProblemError({ title: detail, status, detail, hint: null });
}

function setUp(api: Partial<Api>) {
  const store = new Store<AppState, Action>(reduce, INITIAL_STATE);
  const entered = vi.fn();
  const calls = new Calls(store, {
    onUnreachable: () => undefined,
    onSignedOut: () => entrance.lost(),
  });
  const entrance = new Entrance(api as Api, store, calls, entered);
  return { store, calls, entrance, entered, shelves: new Shelves(api as Api, store, calls) };
}

describe("the entrance", () => {
  it("lets everybody in where nobody has to sign in", async () => {
    const { store, entrance, entered } = setUp({ session: async () => FOLDER });
    await entrance.identify();
    expect(isIn(store.state)).toBe(true);
    expect(entered).toHaveBeenCalledOnce();
  });

  it("asks for an account in an archive, says what is wrong with it, and then opens", async () => {
    const signIn = vi
      .fn<Api["signIn"]>()
      .mockRejectedValueOnce(refusal(401, "Login failed."))
      .mockResolvedValueOnce(SIGNED_IN);
    const { store, entrance, entered } = setUp({ session: async () => SIGNED_OUT, signIn });
    await entrance.identify();
    expect(needsSignIn(store.state)).toBe(true);
    await entrance.signIn("ada", "wrong");
    expect(store.state.signIn).toMatchObject({ busy: false, problem: { detail: "Login failed." } });
    expect(entered).not.toHaveBeenCalled();
    await entrance.signIn("ada", "right");
    expect(store.state.signIn).toEqual({ busy: false, problem: null });
    expect(entered).toHaveBeenCalledOnce();
  });

  it("shows the form again when any call finds the session ended, and nothing of before", async () => {
    const { store, calls, entrance } = setUp({ session: async () => SIGNED_IN });
    await entrance.identify();
    store.dispatch({
      type: "slideOpened",
      id: "s",
      view: { camera: null, runId: null, overlay: {}, comparison: null },
    });
    await calls.attempt(() => Promise.reject(refusal(401, "expired")));
    expect(needsSignIn(store.state)).toBe(true);
    expect(store.state.slide).toBeNull();
    expect(store.state.toasts).toEqual([]);
    expect(store.state.signIn.problem?.hint).toMatch(/Sign in again/);
  });

  it("finds out why pictures are missing, with one question for many of them", async () => {
    const session = vi
      .fn<Api["session"]>()
      .mockResolvedValueOnce(SIGNED_IN)
      .mockResolvedValue(SIGNED_OUT);
    const { store, entrance } = setUp({ session });
    await entrance.identify();
    for (let tile = 0; tile < 20; tile++) entrance.recheck();
    await vi.waitFor(() => expect(needsSignIn(store.state)).toBe(true));
    expect(session).toHaveBeenCalledTimes(2);
  });

  it("says why nobody can tell who is there, and lets in when that is known", async () => {
    const session = vi
      .fn<Api["session"]>()
      .mockRejectedValueOnce(refusal(502, "The archive is away."))
      .mockResolvedValueOnce(SIGNED_IN);
    const { store, entrance, entered } = setUp({ session });
    await entrance.identify();
    expect(store.state.account).toMatchObject({ problem: { detail: "The archive is away." } });
    await entrance.identify();
    expect(entered).toHaveBeenCalledOnce();
  });
});

describe("the shelves", () => {
  beforeEach(() => void vi.useFakeTimers());

  const api = {
    session: async () => SIGNED_IN,
    folders: vi.fn<Api["folders"]>(async (within) => (within ? [] : [SHELF])),
    slides: vi.fn<Api["slides"]>(async () => [slide({})]),
  };

  it("show collections at the root, slides in a folder, and find by name", async () => {
    const { store, entrance, shelves } = setUp(api);
    await entrance.identify();
    await shelves.open([]);
    expect(store.state.shelf.folders).toEqual({ status: "ready", value: [SHELF] });
    expect(store.state.slides).toEqual({ status: "ready", value: [] });
    expect(api.slides).not.toHaveBeenCalled();
    await shelves.open([SHELF]);
    expect(api.slides).toHaveBeenLastCalledWith({ folder: "f" });
    for (const text of ["T", "TC", "TCG"]) shelves.search(text);
    await vi.advanceTimersByTimeAsync(1000);
    expect(api.slides).toHaveBeenCalledTimes(2);
    expect(api.slides).toHaveBeenLastCalledWith({ search: "TCG" });
    expect(store.state.shelf.way).toEqual([SHELF]);
  });

  it("are not overtaken by an answer that comes late", async () => {
    let answerLate: (folders: readonly Folder[]) => void = () => undefined;
    const late = new Promise<readonly Folder[]>((resolve) => {
      answerLate = resolve;
    });
    const folders = vi.fn<Api["folders"]>().mockReturnValueOnce(late).mockResolvedValue([]);
    const { store, entrance, shelves } = setUp({ ...api, folders });
    await entrance.identify();
    const first = shelves.open([]);
    await shelves.open([SHELF]);
    answerLate([SHELF]);
    await first;
    expect(store.state.shelf).toMatchObject({ way: [SHELF], folders: { value: [] } });
  });
});
