// @vitest-environment happy-dom
/** What lies over the page is about the slide below, and goes with it. */
import { render } from "lit-html";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DrawUi } from "../src/ui/draw/drawUi";
import { type Scene, setUp } from "./scene";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function open() {
  const scene = setUp();
  const hosts = {
    tools: document.createElement("div"),
    bar: document.createElement("div"),
    sheet: document.createElement("div"),
  };
  document.body.replaceChildren(...Object.values(hosts));
  const ui = new DrawUi(scene.desk, hosts);
  await scene.entrance.identify();
  scene.go("slide");
  scene.draw(0);
  await scene.settled();
  const title = () => hosts.sheet.querySelector("dialog")?.textContent ?? null;
  return { scene, ui, hosts, title };
}

type Opened = Awaited<ReturnType<typeof open>>;

const SHEETS: readonly (readonly [string, (opened: Opened) => unknown, string])[] = [
  ["a whole annotation", ({ scene, ui }) => manage(scene, ui), "“ada”"],
  ["deleted annotations", ({ ui }) => ui.openDeleted(), "Deleted annotations"],
  ["earlier versions", ({ scene, ui }) => versions(scene, ui), "Versions of"],
];

function manage({ service }: Scene, ui: DrawUi): void {
  const [one] = service.listed();
  if (one) ui.manage(one);
}

function versions({ desk }: Scene, ui: DrawUi): void {
  const host = document.createElement("div");
  render(ui.panel(), host);
  expect(desk.state.layers).toHaveLength(1);
  host.querySelector<HTMLElement>("[data-testid=versions-button]")?.click();
}

describe.each(SHEETS)("the sheet of %s", (_, show, words) => {
  it.each([
    ["another slide is opened", ({ go }: Scene) => go("other")],
    ["the slide is opened anew", ({ go }: Scene) => go("slide")],
    ["nobody is signed in any more", ({ entrance }: Scene) => entrance.lost()],
  ])("closes when %s", async (_when, leave) => {
    const opened = await open();
    show(opened);
    await opened.scene.settled();
    expect(opened.title()).toContain(words);
    leave(opened.scene);
    await opened.scene.settled();
    expect(opened.title()).toBeNull();
  });
});

it("what was deleted from a slide is not listed on the next one", async () => {
  const { scene, ui, title } = await open();
  const { service, go, settled } = scene;
  service.deleted = { slide: ["gone"], other: [] };
  service.delay = 500;
  void ui.openDeleted();
  go("other");
  service.delay = 100;
  void ui.openDeleted();
  await settled();
  expect(title()).toContain("Nothing was deleted");
});
