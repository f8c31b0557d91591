// @vitest-environment happy-dom
/** Nothing that was drawn is lost: slides left, sessions ended, browsers that keep nothing. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../src/api/client";
import { ProblemError } from "../src/api/http";
import type { Account, AnnotationDocument, AnnotationSummary } from "../src/api/types";
import { Desk } from "../src/draw/desk";
import type { Draft, Drafts } from "../src/draw/drafts";
import { polygon } from "../src/draw/element";
import { add } from "../src/draw/sketch";
import type { Touch } from "../src/draw/tools/tool";
import { Calls } from "../src/state/calls";
import { Entrance } from "../src/state/entrance";
import { type Action, reduce } from "../src/state/reducer";
import { type AppState, INITIAL_STATE } from "../src/state/state";
import { Store } from "../src/state/store";
import { slide } from "./records";

const TUMOR = { name: "tumor", colour: "#ff0000" };

function square(left: number) {
  const outer = [
    { x: left, y: 0 },
    { x: left + 10, y: 0 },
    { x: left + 10, y: 10 },
    { x: left, y: 10 },
  ];
  return polygon({ outer, holes: [] }, TUMOR);
}

function person(id: string): Account {
  const user = { id, login: id, name: id };
  return { mode: "dsa", site: "archive", user, retrains: false, datasets: false };
}

/** A browser's drafts, as far as it keeps any. */
class Chest {
  readonly kept = new Map<string, Draft>();
  readonly owned = new Set<string>();
  keeps = true;

  async put(draft: Draft): Promise<void> {
    if (!this.keeps) throw new Error("full");
    this.owned.add(draft.client);
    this.kept.set(draft.client, draft);
  }

  async remove(client: string): Promise<void> {
    this.kept.delete(client);
    this.owned.delete(client);
  }

  async takeUp(account: string, slide: string): Promise<readonly Draft[]> {
    const free = [...this.kept.values()].filter(({ client }) => !this.owned.has(client));
    const here = free.filter((each) => each.account === account && each.slide === slide);
    for (const { client } of here) this.owned.add(client);
    return here;
  }

  disown(client: string): void {
    this.owned.delete(client);
  }

  disownAll(): void {
    this.owned.clear();
  }
}

/** A service that keeps annotations of whoever is signed in. */
class Service {
  who: string | null = "ada";
  readonly stored = new Map<string, AnnotationDocument>();
  private version = 0;

  readonly api = {
    session: async () => (this.who ? person(this.who) : { ...person(""), user: null }),
    signIn: async (login: string) => {
      this.who = login;
      return person(login);
    },
    classesToDraw: async () => [{ ...TUMOR, code: 1, is_roi: false }],
    annotations: async () => [],
    annotation: async (id: string) => ({ ...this.stored.get(id), id, version: "elsewhere" }),
    createAnnotation: async (_slide: string, document: AnnotationDocument) =>
      this.write(`a${this.stored.size}`, document),
    updateAnnotation: async (id: string, _version: string, document: AnnotationDocument) =>
      this.write(id, document),
    polygons: async () => ({ features: [] }),
  } as unknown as Api;

  private write(id: string, document: AnnotationDocument): AnnotationSummary {
    if (!this.who) {
      throw new ProblemError({ title: "", status: 401, detail: "who are you?", hint: null });
    }
    this.stored.set(id, document);
    this.version += 1;
    return { id, version: String(this.version) } as AnnotationSummary;
  }
}

function setUp(traced: ReturnType<ConstructorParameters<typeof Desk>[3]["traced"]> = null) {
  const [service, chest] = [new Service(), new Chest()];
  const app = new Store<AppState, Action>(reduce, INITIAL_STATE);
  const calls = new Calls(app, { onUnreachable: vi.fn(), onSignedOut: () => entrance.lost() });
  const entrance = new Entrance(service.api, app, calls, vi.fn());
  const desk = new Desk(service.api, app, chest as unknown as Drafts, {
    onTrouble: (error) => void calls.explain(error),
    onListChanged: vi.fn(),
    onTaken: vi.fn(),
    traced: () => traced,
    unit: () => 1,
  });
  const go = (id: string) => {
    const view = { camera: null, runId: null, overlay: {}, comparison: null };
    app.dispatch({ type: "slideOpened", id, view });
    const detail = { status: "ready", value: slide({ id }) } as const;
    app.dispatch({ type: "slideDetail", id, detail });
    app.dispatch({ type: "annotations", slide: id, annotations: { status: "ready", value: [] } });
  };
  const draw = (left: number) => desk.commit(add(desk.sketch, [square(left)]));
  const settled = () => vi.advanceTimersByTimeAsync(30_000);
  const drawnAt = () => desk.sketch.elements.map(({ points }) => points?.[0]?.[0]);
  return { service, chest, app, entrance, desk, go, draw, settled, drawnAt };
}

type Scene = ReturnType<typeof setUp>;

function touch(x: number, y: number): Touch {
  return { at: { x, y }, unit: 1, grip: 1, subtracts: false, shift: false, alt: false };
}

function click({ desk }: Scene, x: number, y: number): void {
  desk.tool?.press(touch(x, y));
  desk.tool?.release(touch(x, y));
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a session that ends while one draws", () => {
  it("takes nothing away: who comes back finds every stroke and its undo, and it is saved", async () => {
    const scene = setUp();
    const { service, entrance, desk, go, draw, settled, drawnAt, app } = scene;
    await entrance.identify();
    go("slide");
    await settled();
    draw(0);
    await settled();
    service.who = null;
    draw(20);
    await settled();
    expect(app.state.slide).toBeNull();
    expect(desk.isAtRest).toBe(true); // kept in this browser
    await entrance.signIn("ada", "secret");
    go("slide");
    await settled();
    expect(drawnAt()).toEqual([0, 20]);
    expect([...service.stored.values()].map(({ elements }) => elements.length)).toEqual([2]);
    desk.undo();
    expect(drawnAt()).toEqual([0]);
  });

  it("takes nothing away where the browser keeps nothing either, nor shows it to another", async () => {
    const { service, chest, entrance, desk, go, draw, settled, drawnAt } = setUp();
    chest.keeps = false;
    await entrance.identify();
    go("slide");
    await settled();
    service.who = null;
    draw(0);
    await settled();
    expect(desk.isAtRest).toBe(false);
    await entrance.signIn("bob", "secret");
    go("slide");
    await settled();
    expect(desk.state.layers).toEqual([]);
    expect(service.stored.size).toBe(0);
    service.who = null;
    draw(40);
    await settled();
    await entrance.signIn("ada", "secret");
    go("slide");
    await settled();
    expect(drawnAt()).toEqual([0]);
    expect([...service.stored.values()].map(({ elements }) => elements.length)).toEqual([1]);
  });

  it("sends nothing while nobody is signed in", async () => {
    const { service, entrance, go, draw, settled } = setUp();
    await entrance.identify();
    go("slide");
    await settled();
    service.who = null;
    const create = vi.spyOn(service.api, "createAnnotation");
    draw(0);
    await settled();
    expect(create).toHaveBeenCalledOnce();
  });
});

describe("drafts that were left behind", () => {
  it("are saved even if the reader has gone on to another slide meanwhile", async () => {
    const { service, chest, entrance, desk, go, settled } = setUp();
    const document = { name: "Ada", elements: [square(5)] } as AnnotationDocument;
    const account = "dsa archive ada";
    const draft = { client: "c", account, slide: "slide", annotation: null, version: null };
    chest.kept.set("c", { ...draft, document });
    await entrance.identify();
    go("slide");
    go("other");
    await settled();
    expect(service.stored.get("a0")?.elements).toHaveLength(1);
    expect(chest.kept.size + chest.owned.size).toBe(0);
    expect(desk.state.layers).toEqual([]);
  });
});

describe("a polygon that is not closed when its slide is left", () => {
  async function begun(): Promise<Scene> {
    const scene = setUp();
    await scene.entrance.identify();
    scene.go("slide");
    await scene.settled();
    scene.desk.take("polygon");
    for (const [x, y] of [
      [0, 0],
      [50, 0],
      [50, 50],
    ] as const)
      click(scene, x, y);
    return scene;
  }

  it("waits there, asks before the page is closed, and is finished on return", async () => {
    const { desk, go, settled, drawnAt } = await begun();
    go("other");
    await settled();
    expect(desk.tool).toBeNull();
    expect(desk.isAtRest).toBe(false);
    go("slide");
    await settled();
    expect(desk.state.tool).toBe("polygon");
    expect(desk.tool?.draft?.points).toHaveLength(3);
    desk.tool?.finish();
    expect(drawnAt()).toHaveLength(1);
    await settled();
    expect(desk.isAtRest).toBe(true);
  });

  it("is not lost to a session that ends, to another layer, nor to redo", async () => {
    const scene = await begun();
    const { service, entrance, desk, go, settled } = scene;
    desk.addLayer();
    desk.drawIn(desk.state.layers[0]?.client ?? "");
    desk.redo();
    expect(desk.tool?.draft?.points).toHaveLength(3);
    service.who = null;
    entrance.lost();
    await entrance.signIn("bob", "secret");
    go("slide");
    await settled();
    expect(desk.tool).toBeNull();
    entrance.lost();
    await entrance.signIn("ada", "secret");
    go("slide");
    await settled();
    expect(desk.tool?.draft?.points).toHaveLength(3);
  });
});

it("another's name for a layer is not undone by the next stroke", async () => {
  const { service, app, entrance, desk, go, draw, settled } = setUp();
  await entrance.identify();
  go("a");
  draw(0);
  await settled();
  const [id, document] = [...service.stored.entries()][0] ?? ["", null];
  if (!document) throw new Error("nothing was saved");
  service.stored.set(id, { ...document, name: "checked by Bert", attributes: { role: "senior" } });
  const listed = [{ id, version: "elsewhere" } as AnnotationSummary];
  const annotations = { status: "ready", value: listed } as const;
  app.dispatch({ type: "annotations", slide: "a", annotations });
  await settled();
  expect(desk.state.layers[0]).toMatchObject({ name: "checked by Bert", version: "elsewhere" });
  draw(30);
  await settled();
  expect(service.stored.get(id)).toMatchObject({
    name: "checked by Bert",
    attributes: { role: "senior" },
  });
  expect(service.stored.get(id)?.elements).toHaveLength(2);
});

it("a locked layer takes no predicted region over, and nobody is told that it did", async () => {
  const ring = [
    [0, 0],
    [100, 0],
    [100, 100],
    [0, 100],
    [0, 0],
  ];
  const feature = {
    geometry: { coordinates: [ring] },
    properties: { class: "tumor", area_um2: 1 },
  };
  const request = {
    run: "r",
    classNames: ["tumor"],
    threshold: 0.5,
    box: [0, 0, 500, 500],
  } as const;
  const { entrance, desk, go, draw, settled, drawnAt } = setUp({
    request,
    collections: [{ features: [feature] }],
  });
  await entrance.identify();
  go("slide");
  await settled();
  draw(300);
  const client = desk.state.layers[0]?.client ?? "";
  desk.setLocked(client, true);
  desk.accept({ x: 50, y: 50 });
  await vi.advanceTimersByTimeAsync(10);
  expect(desk.state.note).toMatch(/locked: nothing was changed/);
  desk.setLocked(client, false);
  desk.accept({ x: 50, y: 50 });
  await vi.advanceTimersByTimeAsync(10);
  expect(desk.state.note).toMatch(/One region accepted/);
  expect(drawnAt()).toHaveLength(2);
});

it("what is closed is not held in memory", async () => {
  const { entrance, desk, go, draw, settled } = setUp();
  await entrance.identify();
  for (const id of ["a", "b", "c"]) {
    go(id);
    draw(0);
    await settled();
  }
  const { keeper } = desk as unknown as { keeper: Record<string, Map<string, unknown>> };
  const sizes = ["seen", "saved", "sent", "timers"].map((map) => keeper[map]?.size ?? -1);
  expect(Math.max(...sizes)).toBe(1);
});
