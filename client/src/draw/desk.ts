/** Where one draws: the tools in hand, the layers on the slide, and what is done to them. */
import type { Api } from "../api/client";
import type { AnnotationSummary } from "../api/types";
import type { Point } from "../model/box";
import type { Region, Ring } from "../model/region";
import type { Action } from "../state/reducer";
import { openDetail } from "../state/selectors";
import type { AppState } from "../state/state";
import { Store } from "../state/store";
import { DRAW_NOTES, LAYERS } from "../words/drawing";
import type { Traced } from "./accept";
import { moved } from "./carrying";
import type { BegunPolygon, Draft, Drafts } from "./drafts";
import { type DrawClass, newId, regionOf } from "./element";
import { Keeper } from "./keeper";
import { LayerShelf } from "./layerShelf";
import { Managing } from "./managing";
import { carry, cut, merge, reclass, remove, type Sketch, select, selection } from "./sketch";
import {
  activeLayer,
  chosenClass,
  type DeskAction,
  type DeskState,
  freeName,
  INITIAL_DESK,
  isSafe,
  LARGEST_BRUSH,
  layersHere,
  mayDraw,
  newLayer,
  reduceDesk,
  SMALLEST_BRUSH,
  sketchOf,
  type ToolName,
} from "./state";
import { TakingOver } from "./takingOver";
import { makeTool } from "./tools";
import type { Bench, Tool } from "./tools/tool";
import { Waiting } from "./waiting";

/** In this browser. */
export interface DeskDrafts {
  readonly layers: Drafts<Draft>;
  readonly polygons: Drafts<BegunPolygon>;
}

export interface DeskEvents {
  readonly onTrouble: (error: unknown) => void;
  readonly onListChanged: () => void;
  /** Another tool of the viewer has to be put away. */
  readonly onTaken: () => void;
  /** What a model has outlined in this view; null where nothing is outlined. */
  readonly traced: () => Traced | null;
  /** Base pixels per CSS pixel; null while no slide is seen. */
  readonly unit: () => number | null;
}

const NOTE_MS = 9000;
const BRUSH_STEP = 1.25;

export class Desk implements Bench {
  readonly store = new Store<DeskState, DeskAction>(reduceDesk, INITIAL_DESK);
  private readonly keeper: Keeper;
  private readonly layers: LayerShelf;
  private readonly takingOver: TakingOver;
  /** Whole annotations, open or not. */
  readonly managing: Managing;
  private held: Tool | null = null;
  private noteTimer: ReturnType<typeof setTimeout> | undefined;
  private wasOnline = true;
  private readonly waiting: Waiting;
  /** As the last nudge has left it. */
  private nudged: Sketch | null = null;
  /** Which layer is to be drawn in: only the last wish counts. */
  private wish = 0;

  constructor(
    api: Api,
    private readonly app: Store<AppState, Action>,
    { layers, polygons }: DeskDrafts,
    private readonly events: DeskEvents,
  ) {
    this.waiting = new Waiting(polygons);
    this.keeper = new Keeper(api, this.store, layers, () => accountOf(app.state), events);
    this.layers = new LayerShelf(api, this.store, this.keeper, layers, {
      onNote: (note) => this.note(note),
      onTrouble: events.onTrouble,
    });
    this.managing = new Managing(api, this.store, this.keeper, {
      onNote: (note) => this.note(note),
      onTrouble: events.onTrouble,
      onListChanged: events.onListChanged,
      onGone: (id) => app.dispatch({ type: "annotationHidden", id }),
    });
    this.takingOver = new TakingOver(api, app, this, {
      traced: events.traced,
      onNote: (note) => this.note(note),
    });
    this.store.subscribe(() => this.keeper.look());
    app.subscribe((state) => this.follow(state));
    addEventListener("beforeunload", (event) => {
      if (!this.isAtRest) event.preventDefault();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.keeper.resume();
    });
  }

  get state(): DeskState {
    return this.store.state;
  }

  /** Null for the hand that moves the slide. */
  get tool(): Tool | null {
    return this.held;
  }

  get sketch(): Sketch {
    return sketchOf(this.state);
  }

  get chosen(): DrawClass {
    return chosenClass(this.state);
  }

  get brushRadius(): number {
    return this.state.brush;
  }

  /** Nothing of what was drawn would be missed if the page were closed. */
  get isAtRest(): boolean {
    const isStroke = this.state.tool !== "polygon" && Boolean(this.held?.draft);
    const { layers, waiting } = this;
    return this.state.layers.every(isSafe) && layers.isSafe && waiting.isSafe && !isStroke;
  }

  take(tool: ToolName): void {
    const { slide, owner } = this.state;
    if (slide === null) return;
    if (tool !== "pan") this.events.onTaken();
    // Whoever reaches for another tool has not thought better of what is in hand.
    this.held?.finish();
    this.layDown(slide);
    const begun = owner === null ? null : this.waiting.take(owner, slide, tool);
    this.held = begun ?? makeTool(tool, this);
    this.change({ tool });
    if (begun) {
      this.note(DRAW_NOTES.begun);
    }
  }

  /** Says in a note why, where it returns false. */
  commit(sketch: Sketch): boolean {
    const { state } = this;
    if (state.slide === null) return false;
    const layer = activeLayer(state);
    if (layer && !mayDraw(state)) {
      this.note((layer.locked ? DRAW_NOTES.locked : DRAW_NOTES.hidden)(layer.name));
      return false;
    }
    const client = layer?.client ?? this.begin(state.slide);
    this.store.dispatch({ type: "drawn", client, sketch });
    return true;
  }

  amend({ selected }: Sketch): void {
    const client = activeLayer(this.state)?.client;
    if (client) this.store.dispatch({ type: "selected", client, ids: selected });
  }

  begun(corners: Ring, subtracts: boolean): void {
    const { owner, slide } = this.state;
    if (owner !== null && slide !== null) this.waiting.keep(owner, slide, corners, subtracts);
  }

  accept(what: Point | readonly Region[]): void {
    void this.takingOver.takeOver(what);
  }

  /** The last corner of what is being drawn, or else the last step. */
  undo(): void {
    if (this.held?.draft) {
      if (!this.held.takeBack()) this.held.abandon();
      return;
    }
    this.held?.abandon();
    this.store.dispatch({ type: "undo" });
  }

  redo(): void {
    // What is begun is the newest step: there is none after it.
    if (this.held?.draft) return;
    this.held?.abandon();
    this.store.dispatch({ type: "redo" });
  }

  /** Deletes what is selected. */
  erase(): void {
    const { sketch } = this;
    if (sketch.selected.length > 0) this.commit(remove(sketch, sketch.selected));
  }

  /**
   * Moves what is selected by CSS pixels; false where the tool in hand selects nothing.
   *
   * @param joins the key is held down: it goes on with the step that it began, if that is the last.
   */
  nudge(dx: number, dy: number, joins: boolean): boolean {
    const { sketch, state } = this;
    const unit = this.events.unit();
    if (state.tool !== "select" || sketch.selected.length === 0 || unit === null) return false;
    const next = carry(sketch, (each) => moved(each, dx * unit, dy * unit));
    const client = activeLayer(state)?.client;
    if (joins && sketch === this.nudged && client && mayDraw(state))
      this.store.dispatch({ type: "redrawn", client, sketch: next });
    else this.commit(next);
    this.nudged = this.sketch;
    return true;
  }

  selectAll(): void {
    const { sketch } = this;
    this.amend(
      select(
        sketch,
        sketch.elements.map(({ id }) => id),
      ),
    );
  }

  merge(): void {
    const { sketch } = this;
    const merged = merge(sketch);
    if (merged !== sketch) this.commit(merged);
    else this.note(DRAW_NOTES.selectToMerge);
  }

  /** The selected regions are taken out of all others of the layer that they overlap. */
  subtractSelected(): void {
    const { sketch } = this;
    const chosen = selection(sketch);
    const area = chosen.flatMap((each) => regionOf(each) ?? []);
    const rest = remove(sketch, sketch.selected);
    const next = area.length > 0 ? cut(select(rest, []), area, 0) : rest;
    if (next !== rest) this.commit({ ...next, selected: [] });
  }

  chooseClass(className: string): void {
    this.change({ className });
  }

  classifySelected(className: string): void {
    const of = this.state.classes.find(({ name }) => name === className);
    if (!of) return;
    this.chooseClass(className);
    if (this.sketch.selected.length > 0) this.commit(reclass(this.sketch, of));
  }

  setSubtracting(subtracting: boolean): void {
    this.change({ subtracting });
  }

  resizeBrush(direction: 1 | -1): void {
    const wanted = Math.round(this.state.brush * BRUSH_STEP ** direction);
    const radius = wanted === this.state.brush ? wanted + direction : wanted;
    this.change({ brush: Math.min(LARGEST_BRUSH, Math.max(SMALLEST_BRUSH, radius)) });
  }

  showHelp(help: boolean): void {
    this.change({ help });
  }

  dismissNote(): void {
    this.change({ note: null });
  }

  note(note: string): void {
    clearTimeout(this.noteTimer);
    this.change({ note });
    this.noteTimer = setTimeout(() => this.dismissNote(), NOTE_MS);
  }

  /** Draws in this layer from now on. */
  drawIn(client: string): void {
    this.wish += 1;
    this.letGo();
    this.store.dispatch({ type: "active", client });
  }

  /** Opens an annotation to draw in, unless something else is wished before it is there. */
  async edit(summary: Pick<AnnotationSummary, "id">): Promise<void> {
    this.wish += 1;
    const { wish } = this;
    const isWished = (): boolean => this.wish === wish;
    this.letGo();
    await this.layers.edit(summary, isWished);
    if (isWished() && this.state.tool === "pan") this.take("select");
  }

  /** Nothing is to be drawn just now, nor in what was about to be opened. */
  putAway(): void {
    this.wish += 1;
    this.take("pan");
  }

  /** Another layer, to begin with nothing. */
  addLayer(): void {
    this.wish += 1;
    if (this.state.slide !== null) this.begin(this.state.slide);
  }

  setVisible(client: string, visible: boolean): void {
    this.store.dispatch({ type: "layerChanged", client, change: { visible } });
  }

  setLocked(client: string, locked: boolean): void {
    this.store.dispatch({ type: "layerChanged", client, change: { locked } });
  }

  dismissConflict(client: string): void {
    this.store.dispatch({ type: "layerChanged", client, change: { conflict: null } });
  }

  /** At once, and not in a second. */
  saveNow(): void {
    this.keeper.resume();
  }

  versions(client: string) {
    return this.layers.versions(client);
  }

  restore(client: string, version: string): Promise<void> {
    return this.layers.restore(client, version);
  }

  private follow(state: AppState): void {
    const detail = openDetail(state);
    const account = accountOf(state);
    const [from, to] = [this.state.slide, detail?.id ?? null];
    if (from !== to) this.wish += 1;
    if (from !== null && from !== to) this.layDown(from);
    this.layers.show(account, to, state.slide?.annotations ?? null);
    if (to !== null && from !== to) void this.takeUp(to);
    if (state.region.drawing && this.state.tool !== "pan") this.take("pan");
    this.watchConnection(state.online);
  }

  private watchConnection(isOnline: boolean): void {
    if (isOnline && !this.wasOnline) this.keeper.resume();
    this.wasOnline = isOnline;
  }

  /** What is begun goes on in another layer; what is selected is of this one. */
  private letGo(): void {
    if (this.held?.draft) return;
    this.held?.release();
    this.held?.abandon();
  }

  private layDown(slide: string): void {
    const { held: tool } = this;
    const { owner } = this.state;
    if (tool && owner !== null) this.waiting.leave(owner, slide, this.state.tool, tool);
    this.held = null;
  }

  private async takeUp(slide: string): Promise<void> {
    const { owner } = this.state;
    if (owner === null) return;
    await this.waiting.look(owner, slide, this).catch(() => {});
    if (this.state.slide !== slide || this.state.owner !== owner || this.held) return;
    const name = this.waiting.nameAt(owner, slide);
    if (name !== null) this.take(name);
  }

  private begin(slide: string): string {
    const client = newId();
    const { account, slide: open } = this.app.state;
    const user = account.status === "ready" ? account.value.user : null;
    const listed = open?.annotations.status === "ready" ? open.annotations.value : [];
    const taken = [...listed, ...layersHere(this.state)].map(({ name }) => name);
    const name = freeName(user?.name || LAYERS.newName, taken);
    const layer = newLayer(slide, client, name);
    this.store.dispatch({ type: "layerOpened", layer, active: true });
    return client;
  }

  private change(change: Extract<DeskAction, { type: "desk" }>["change"]): void {
    this.store.dispatch({ type: "desk", change });
  }
}

/** Whose drafts are whose; null while nobody knows who looks. */
function accountOf({ account }: AppState): string | null {
  if (account.status !== "ready") return null;
  const { mode, site, user } = account.value;
  if (mode === "dsa" && !user) return null;
  return `${mode} ${site ?? ""} ${user?.id ?? ""}`;
}
