/** A desk with a browser's drafts and a service that keeps annotations, for tests to draw at. */
import { vi } from "vitest";
import type { Api } from "../src/api/client";
import { ProblemError, UnreachableError } from "../src/api/http";
import type {
  Account,
  AnnotationDocument,
  AnnotationSummary,
  StoredAnnotation,
} from "../src/api/types";
import { Desk } from "../src/draw/desk";
import type { BegunPolygon, Draft, Drafts } from "../src/draw/drafts";
import { polygon } from "../src/draw/element";
import { add } from "../src/draw/sketch";
import type { Touch } from "../src/draw/tools/tool";
import { Calls } from "../src/state/calls";
import { Entrance } from "../src/state/entrance";
import { type Action, reduce } from "../src/state/reducer";
import { type AppState, INITIAL_STATE } from "../src/state/state";
import { Store } from "../src/state/store";
import { slide } from "./records";

export const TUMOR = { name: "tumor", colour: "#ff0000" };

export function square(left: number) {
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
export class Chest<D extends Draft | BegunPolygon = Draft> {
  readonly kept = new Map<string, D>();
  readonly owned = new Set<string>();
  keeps = true;

  async put(draft: D): Promise<void> {
    if (!this.keeps) throw new Error("full");
    this.owned.add(draft.client);
    this.kept.set(draft.client, draft);
  }

  async remove(client: string): Promise<void> {
    this.kept.delete(client);
    this.owned.delete(client);
  }

  async takeUp(account: string, slide: string): Promise<readonly D[]> {
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

/** A service that keeps annotations of whoever is signed in, and writes over no newer version. */
export class Service {
  who: string | null = "ada";
  /** Until an answer comes, in milliseconds; what was asked for is done at once. */
  delay = 0;
  /** What is written is kept, but nobody hears of it. */
  losesAnswers = false;
  /** Names, by slide. */
  deleted: Readonly<Record<string, readonly string[]>> = {};
  readonly stored = new Map<string, AnnotationDocument>();
  private readonly versions = new Map<string, string>();
  private readonly earlier = new Map<string, AnnotationDocument>();
  private writings = 0;

  readonly api = {
    session: async () => (this.who ? person(this.who) : { ...person(""), user: null }),
    signIn: async (login: string) => {
      this.who = login;
      return person(login);
    },
    classesToDraw: async () => [{ ...TUMOR, code: 1, is_roi: false }],
    annotations: async () => this.listed(),
    annotation: (id: string) => this.answered(() => this.read(id)),
    annotationVersions: async () => [],
    createAnnotation: (_slide: string, document: AnnotationDocument) =>
      this.answered(() => this.write(`a${this.writings}`, document)),
    updateAnnotation: (id: string, version: string, document: AnnotationDocument) =>
      this.answered(() => this.write(id, document, version)),
    deleteAnnotation: (id: string, version: string) =>
      this.answered(() => {
        this.check(id, version);
        this.stored.delete(id);
      }),
    restoreAnnotation: (id: string, version: string, now: string) =>
      this.answered(() => {
        const document = this.earlier.get(version);
        if (!document) throw refusal(404, "there is none");
        return this.write(id, document, now);
      }),
    deletedAnnotations: (slide: string) =>
      this.answered(() => (this.deleted[slide] ?? []).map((name) => ({ id: name, name }))),
    polygons: async () => ({ features: [] }),
  } as unknown as Api;

  listed(): AnnotationSummary[] {
    return [...this.stored.keys()].map((id) => this.summary(id));
  }

  /** As somebody else writes it. */
  write(id: string, document: AnnotationDocument, version?: string): AnnotationSummary {
    this.check(id, version);
    this.writings += 1;
    this.stored.set(id, document);
    this.versions.set(id, String(this.writings));
    this.earlier.set(String(this.writings), document);
    return this.summary(id);
  }

  private async answered<T>(call: () => T): Promise<T> {
    const answer = call();
    if (this.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.delay));
    if (this.losesAnswers) throw new UnreachableError("lost");
    return answer;
  }

  private check(id: string, version: string | undefined): void {
    if (!this.who) throw refusal(401, "who are you?");
    if (version === undefined) return;
    if (!this.stored.has(id)) throw refusal(404, "there is none");
    if (this.versions.get(id) !== version) throw refusal(412, "a newer version");
  }

  private read(id: string): StoredAnnotation {
    const document = this.stored.get(id);
    if (!document) throw refusal(404, "there is none");
    return { ...document, version: this.versions.get(id) ?? "", editable: true };
  }

  private summary(id: string): AnnotationSummary {
    const { name, attributes, elements, version } = this.read(id);
    const found = { id, name, attributes, elements_count: elements.length, version };
    return { ...found, updated: version, editable: true } as unknown as AnnotationSummary;
  }
}

function refusal(status: number, detail: string): ProblemError {
  return new ProblemError({ title: detail, status, detail, hint: null });
}

/** The browser and the service, which a page that is closed leaves behind. */
class World {
  readonly service = new Service();
  readonly chest = new Chest();
  readonly polygons = new Chest<BegunPolygon>();
}

type Traced = ReturnType<ConstructorParameters<typeof Desk>[3]["traced"]>;

export function setUp(traced: Traced = null, world = new World()) {
  const { service, chest, polygons } = world;
  const app = new Store<AppState, Action>(reduce, INITIAL_STATE);
  const calls = new Calls(app, { onUnreachable: vi.fn(), onSignedOut: () => entrance.lost() });
  const entrance = new Entrance(service.api, app, calls, vi.fn());
  const drafts = {
    layers: chest as unknown as Drafts<Draft>,
    polygons: polygons as unknown as Drafts<BegunPolygon>,
  };
  const desk = new Desk(service.api, app, drafts, {
    onTrouble: (error) => void calls.explain(error),
    onListChanged: vi.fn(),
    onTaken: vi.fn(),
    traced: () => traced,
    unit: () => 1,
  });
  const go = (id: string, value: readonly AnnotationSummary[] = []) => {
    const view = { camera: null, runId: null, overlay: {}, comparison: null };
    app.dispatch({ type: "slideOpened", id, view });
    const detail = { status: "ready", value: slide({ id }) } as const;
    app.dispatch({ type: "slideDetail", id, detail });
    app.dispatch({ type: "annotations", slide: id, annotations: { status: "ready", value } });
  };
  const draw = (left: number) => desk.commit(add(desk.sketch, [square(left)]));
  const settled = () => vi.advanceTimersByTimeAsync(30_000);
  const drawnAt = () => desk.sketch.elements.map(({ points }) => points?.[0]?.[0]);
  return { world, service, chest, polygons, app, entrance, desk, go, draw, settled, drawnAt };
}

export type Scene = ReturnType<typeof setUp>;

/** The page is closed, and another one opened. */
export function reloaded({ world }: Scene): Scene {
  for (const chest of [world.chest, world.polygons]) chest.disownAll();
  return setUp(null, world);
}

export function touch(x: number, y: number): Touch {
  return { at: { x, y }, unit: 1, grip: 1, subtracts: false, shift: false, alt: false };
}

export function click({ desk }: Scene, x: number, y: number): void {
  desk.tool?.press(touch(x, y));
  desk.tool?.release();
}
