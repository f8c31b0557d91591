// @vitest-environment happy-dom
/** Nothing that was drawn is lost: slides left, sessions ended, browsers that keep nothing. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AnnotationDocument } from "../src/api/types";
import { CLIENT_ATTRIBUTE } from "../src/draw/state";
import { MANAGE } from "../src/words/annotations";
import { click, reloaded, type Scene, setUp, square } from "./scene";

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
    expect(desk.isAtRest).toBe(false); // Ada's strokes are held here alone
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

  it("makes nothing twice whose first saving lost its answer", async () => {
    const { service, chest, entrance, go, draw, settled, drawnAt } = setUp();
    chest.keeps = false;
    await entrance.identify();
    go("slide");
    service.losesAnswers = true;
    draw(0);
    await vi.advanceTimersByTimeAsync(2000);
    expect(service.listed()).toHaveLength(1);
    service.who = null;
    await settled();
    service.losesAnswers = false;
    await entrance.signIn("bob", "secret");
    entrance.lost();
    await entrance.signIn("ada", "secret");
    go("slide");
    await settled();
    expect(drawnAt()).toEqual([0]);
    expect(service.listed()).toMatchObject([{ elements_count: 1 }]);
  });

  it("takes nothing away while a conflict is being told apart", async () => {
    const { service, entrance, go, draw, settled } = setUp();
    await entrance.identify();
    go("slide");
    draw(0);
    await settled();
    const [[id, document] = []] = service.stored;
    if (!id || !document) throw new Error("nothing was saved");
    service.write(id, { ...document, elements: [square(40)] });
    service.delay = 3000;
    draw(20);
    await vi.advanceTimersByTimeAsync(2000);
    service.who = null;
    entrance.lost();
    await entrance.signIn("bob", "secret");
    await settled();
    entrance.lost();
    await entrance.signIn("ada", "secret");
    go("slide");
    await settled();
    const lefts = [...service.stored.values()].map(({ elements }) =>
      elements.map(({ points }) => (points as number[][])[0]?.[0]),
    );
    expect(lefts).toEqual([[40], [0, 20]]);
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

it("who draws before their own annotation has come goes on where they began", async () => {
  const { service, entrance, go, draw, settled, drawnAt, desk } = setUp();
  await entrance.identify();
  const attributes = { [CLIENT_ATTRIBUTE]: "earlier" };
  service.write("own", { name: "Ada", attributes, elements: [square(0)] });
  service.delay = 3000;
  go(
    "slide",
    service.listed().map((one) => ({ ...one, mine: true })),
  );
  await vi.advanceTimersByTimeAsync(10);
  draw(20);
  await settled();
  draw(40);
  expect(drawnAt()).toEqual([20, 40]);
  expect(desk.state.layers).toHaveLength(1);
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

  it("waits there, and is finished on return", async () => {
    const { desk, go, settled, drawnAt } = await begun();
    go("other");
    await settled();
    expect(desk.tool).toBeNull();
    go("slide");
    await settled();
    expect(desk.state.tool).toBe("polygon");
    expect(desk.tool?.draft?.points).toHaveLength(3);
    desk.tool?.finish();
    expect(drawnAt()).toHaveLength(1);
    await settled();
    expect(desk.isAtRest).toBe(true);
  });

  it("is in hand again after a reload, and gone from the browser once it is done", async () => {
    const before = await begun();
    await before.settled();
    const scene = reloaded(before);
    const { entrance, desk, go, settled, drawnAt, polygons } = scene;
    await entrance.identify();
    go("other");
    await settled();
    expect(desk.tool).toBeNull();
    go("slide");
    await vi.advanceTimersByTimeAsync(10);
    expect(desk.state.note).toContain("in hand again");
    desk.tool?.finish();
    expect(drawnAt()).toHaveLength(1);
    await settled();
    expect(polygons.kept.size + polygons.owned.size).toBe(0);
  });

  it("comes to nobody else's hand after a reload, and to its drawer's as it was", async () => {
    const before = await begun();
    before.desk.tool?.takeBack();
    await before.settled();
    const scene = reloaded(before);
    const { service, entrance, desk, go, settled } = scene;
    service.who = "bob";
    await entrance.identify();
    go("slide");
    await settled();
    expect(desk.tool).toBeNull();
    entrance.lost();
    await entrance.signIn("ada", "secret");
    go("slide");
    await settled();
    expect(desk.tool?.draft?.points).toHaveLength(2);
    desk.tool?.abandon();
    await settled();
    expect(scene.polygons.kept.size).toBe(0);
  });

  it("is asked about before the page is closed only where the browser does not keep it", async () => {
    const scene = await begun();
    expect(scene.desk.isAtRest).toBe(false); // not yet
    await scene.settled();
    expect(scene.desk.isAtRest).toBe(true);
    scene.polygons.keeps = false;
    click(scene, 0, 50);
    await scene.settled();
    expect(scene.desk.isAtRest).toBe(false);
    scene.desk.tool?.abandon();
    await scene.settled();
    expect(scene.desk.isAtRest).toBe(true);
  });

  it("is one of two pages' each", async () => {
    const first = await begun();
    const second = setUp(null, first.world);
    await second.entrance.identify();
    second.go("slide");
    await second.settled();
    expect(second.desk.tool).toBeNull();
    second.desk.take("polygon");
    click(second, 200, 200);
    await second.settled();
    expect([...first.polygons.kept.values()].map(({ corners }) => corners.length)).toEqual([3, 1]);
    const third = reloaded(second);
    await third.entrance.identify();
    third.go("slide");
    await third.settled();
    third.desk.tool?.finish();
    expect(third.drawnAt()).toHaveLength(1);
    expect(third.polygons.owned.size).toBe(1);
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
  const attributes = { role: "senior" };
  const { version } = service.write(id, { ...document, name: "checked by Bert", attributes });
  const annotations = { status: "ready", value: service.listed() } as const;
  app.dispatch({ type: "annotations", slide: "a", annotations });
  await settled();
  expect(desk.state.layers[0]).toMatchObject({ name: "checked by Bert", version });
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

describe("a stroke that comes while its whole annotation is", () => {
  /** One stroke is saved; answers take longer than the keeper waits. */
  async function saved(): Promise<Scene> {
    const scene = setUp();
    await scene.entrance.identify();
    scene.go("slide");
    scene.draw(0);
    await scene.settled();
    scene.service.delay = 3000;
    return scene;
  }

  it("renamed, waits for the new version and is saved on it: nothing is forked", async () => {
    const { service, desk, draw, settled, drawnAt } = await saved();
    const [one] = service.listed();
    if (!one) throw new Error("nothing was saved");
    void desk.managing.rename(one, "Bert");
    await vi.advanceTimersByTimeAsync(10);
    draw(20);
    await settled();
    expect(desk.state.layers).toMatchObject([{ name: "Bert", conflict: null }]);
    expect(drawnAt()).toEqual([0, 20]);
    expect([...service.stored.values()]).toMatchObject([{ name: "Bert" }]);
    expect(service.listed()[0]?.elements_count).toBe(2);
  });

  it("renamed without an answer, is saved under the new name", async () => {
    const { service, desk, draw, settled } = await saved();
    const [one] = service.listed();
    if (!one) throw new Error("nothing was saved");
    service.losesAnswers = true;
    await Promise.all([desk.managing.rename(one, "Bert"), settled()]);
    service.losesAnswers = false;
    draw(20);
    await settled();
    expect(desk.state.layers).toMatchObject([{ name: "Bert", conflict: null }]);
    expect(service.listed()).toMatchObject([{ name: "Bert", elements_count: 2 }]);
  });

  it("deleted, is kept as an annotation of its own", async () => {
    const { service, desk, draw, settled } = await saved();
    const [one] = service.listed();
    if (!one) throw new Error("nothing was saved");
    void desk.managing.remove(one);
    await vi.advanceTimersByTimeAsync(10);
    draw(20);
    await settled();
    expect(service.listed()).toMatchObject([{ elements_count: 2 }]);
    expect(service.listed()[0]?.id).not.toBe(one.id);
    expect(desk.state.layers).toHaveLength(1);
  });

  it("set back to an earlier version, is the step before", async () => {
    const { service, desk, draw, settled, drawnAt } = await saved();
    const [first] = service.listed();
    draw(20);
    await settled();
    const client = desk.state.layers[0]?.client ?? "";
    void desk.restore(client, first?.version ?? "");
    await vi.advanceTimersByTimeAsync(10);
    draw(40);
    await settled();
    expect(desk.state.layers).toMatchObject([{ conflict: null, mark: { kind: "saved" } }]);
    expect(service.listed()).toMatchObject([{ elements_count: 1 }]);
    expect(drawnAt()).toEqual([0]);
    desk.undo();
    expect(drawnAt()).toEqual([0, 20, 40]);
    await settled();
    expect(service.listed()).toMatchObject([{ elements_count: 3 }]);
  });

  it("is not set back while strokes of it are not saved, and says so", async () => {
    const { service, desk, draw, settled, drawnAt } = await saved();
    const [first] = service.listed();
    service.losesAnswers = true;
    draw(20);
    const [layer] = desk.state.layers;
    const notes = new Set<string | null>();
    desk.store.subscribe(({ note }) => notes.add(note));
    await Promise.all([desk.restore(layer?.client ?? "", first?.version ?? ""), settled()]);
    expect(drawnAt()).toEqual([0, 20]);
    expect(notes).toContain(MANAGE.unsaved(layer?.name ?? ""));
  });
});
