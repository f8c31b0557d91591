/** What is drawn on and with what, as one value, and how it changes. Pure. */
import type { AnnotationDocument } from "../api/types";
import { type DrawClass, type DrawnElement, drawable, UNCLASSED } from "./element";
import { amend, beginning, type History, redo, step, undo } from "./history";
import { EMPTY, type Sketch, select } from "./sketch";

export const TOOLS = [
  "pan",
  "select",
  "polygon",
  "lasso",
  "brush",
  "eraser",
  "rectangle",
  "ellipse",
  "point",
  "split",
  "accept",
] as const;
export type ToolName = (typeof TOOLS)[number];

/** How far what is drawn has come. Only `saved` means that the service has it. */
export type Mark =
  | { readonly kind: "saved" }
  | { readonly kind: "unsaved" }
  | { readonly kind: "saving" }
  /** The service is not there; it is tried again. */
  | { readonly kind: "offline"; readonly detail: string }
  /** The service will not have it as it is. */
  | { readonly kind: "refused"; readonly detail: string };

export interface Layer {
  /** What this page calls it; two pages that have the same annotation open call it differently. */
  readonly client: string;
  readonly slide: string;
  /** Null until it is saved for the first time. */
  readonly annotation: string | null;
  /** What was read or written last. */
  readonly version: string | null;
  readonly name: string;
  /** What else the document says. */
  readonly rest: Readonly<Record<string, unknown>>;
  readonly history: History<Sketch>;
  readonly visible: boolean;
  readonly locked: boolean;
  readonly mark: Mark;
  /** What is not saved lies in this browser; false while it does not yet, or cannot. */
  readonly kept: boolean;
  /** Somebody else has saved another version meanwhile: what came of it. */
  readonly conflict: string | null;
}

export interface DeskState {
  /** Whose layers lie here, signed in or not; null before anybody has come. */
  readonly owner: string | null;
  readonly slide: string | null;
  readonly layers: readonly Layer[];
  /** The layer that is drawn in, by client. */
  readonly active: string | null;
  readonly tool: ToolName;
  /** What is drawn is taken away. */
  readonly subtracting: boolean;
  /** Radius in CSS pixels. */
  readonly brush: number;
  readonly classes: readonly DrawClass[];
  readonly className: string | null;
  readonly help: boolean;
  /** What the hand that draws should know just now. */
  readonly note: string | null;
}

export const INITIAL_DESK: DeskState = {
  owner: null,
  slide: null,
  layers: [],
  active: null,
  tool: "pan",
  subtracting: false,
  brush: 20,
  classes: [],
  className: null,
  help: false,
  note: null,
};

export const SMALLEST_BRUSH = 2;
export const LARGEST_BRUSH = 200;

export type LayerChange = Partial<
  Pick<
    Layer,
    | "annotation"
    | "version"
    | "client"
    | "name"
    | "rest"
    | "visible"
    | "locked"
    | "mark"
    | "kept"
    | "conflict"
  >
>;

export type DeskAction =
  | { readonly type: "owner"; readonly owner: string }
  | { readonly type: "slide"; readonly slide: string | null }
  | { readonly type: "classes"; readonly classes: readonly DrawClass[] }
  | { readonly type: "layerOpened"; readonly layer: Layer; readonly active: boolean }
  | { readonly type: "layerClosed"; readonly client: string }
  | { readonly type: "layerChanged"; readonly client: string; readonly change: LayerChange }
  /** Another present, as a step or instead of all that was. */
  | { readonly type: "drawn"; readonly client: string; readonly sketch: Sketch }
  /** Goes on with the step that was made last. */
  | { readonly type: "redrawn"; readonly client: string; readonly sketch: Sketch }
  | { readonly type: "reread"; readonly client: string; readonly sketch: Sketch }
  | { readonly type: "selected"; readonly client: string; readonly ids: readonly string[] }
  | { readonly type: "undo" }
  | { readonly type: "redo" }
  | { readonly type: "active"; readonly client: string }
  | {
      readonly type: "desk";
      readonly change: Partial<
        Pick<DeskState, "tool" | "subtracting" | "brush" | "className" | "help" | "note">
      >;
    };

export function reduceDesk(state: DeskState, action: DeskAction): DeskState {
  switch (action.type) {
    case "owner":
      return { ...state, owner: action.owner };
    case "slide":
      return wentTo(state, action.slide);
    case "classes":
      return withClasses(state, action.classes);
    case "layerOpened":
      return {
        ...state,
        layers: [...state.layers, action.layer],
        active: action.active ? action.layer.client : state.active,
      };
    case "layerClosed":
      return closed(state, action.client);
    case "layerChanged":
      return changed(state, action.client, action.change);
    case "drawn":
      return inLayer(state, action.client, (history) => step(history, action.sketch));
    case "redrawn":
      return inLayer(state, action.client, (history) => amend(history, action.sketch));
    case "reread":
      return inLayer(state, action.client, () => beginning(action.sketch));
    case "selected":
      return inLayer(state, action.client, (history) =>
        amend(history, select(history.present, action.ids)),
      );
    case "undo":
    case "redo":
      return mayDraw(state) ? backOrForth(state, action.type) : state;
    case "active":
      return { ...state, active: action.client };
    case "desk":
      return { ...state, ...action.change };
  }
}

export function activeLayer({ layers, active, slide }: DeskState): Layer | null {
  return layers.find((each) => each.client === active && each.slide === slide) ?? null;
}

/** Those of the open slide. */
export function layersHere({ layers, slide }: DeskState): readonly Layer[] {
  return layers.filter((each) => each.slide === slide);
}

/** Whether a stroke would go anywhere: into the layer in hand, or a new one. */
export function mayDraw(state: DeskState): boolean {
  const layer = activeLayer(state);
  return state.slide !== null && (!layer || (layer.visible && !layer.locked));
}

export function sketchOf(state: DeskState): Sketch {
  return activeLayer(state)?.history.present ?? EMPTY;
}

export function chosenClass({ classes, className }: DeskState): DrawClass {
  return classes.find(({ name }) => name === className) ?? classes[0] ?? UNCLASSED;
}

/** Nothing of it would be missed if the browser were closed. */
export function isSafe({ mark, kept }: Layer): boolean {
  return mark.kind === "saved" || kept;
}

/** Among the attributes: the annotation was made in this viewer, and by which layer. */
export const CLIENT_ATTRIBUTE = "drawn_in_histoloop";

export function newLayer(slide: string, client: string, name: string): Layer {
  return {
    client,
    slide,
    annotation: null,
    version: null,
    name,
    rest: {},
    history: beginning(EMPTY),
    visible: true,
    locked: false,
    mark: { kind: "saved" },
    kept: true,
    conflict: null,
  };
}

/** A layer as the service has it. */
export function storedLayer(
  slide: string,
  client: string,
  { id: annotation, version }: { readonly id: string; readonly version: string },
  document: AnnotationDocument,
): Layer {
  const { name, elements, description, attributes } = document;
  const rest = { ...(description ? { description } : {}), ...(attributes ? { attributes } : {}) };
  const sketch = { elements: drawable(elements), selected: [] };
  return {
    ...newLayer(slide, client, name),
    annotation,
    version,
    rest,
    history: beginning(sketch),
  };
}

/** What is sent and kept. */
export function documentOf(layer: Layer): AnnotationDocument {
  const { name, rest, history } = layer;
  return { ...rest, name, attributes: attributesOf(layer), elements: history.present.elements };
}

/** A new annotation is marked, so that it is known if the answer to its first saving is lost. */
export function attributesOf({ annotation, rest, client }: Layer): Record<string, unknown> {
  const own = rest.attributes as Record<string, unknown> | undefined;
  return annotation === null ? { ...own, [CLIENT_ATTRIBUTE]: client } : { ...own };
}

/** "Annotations (2)" where "Annotations" is taken, then "(3)". */
export function freeName(name: string, taken: readonly string[]): string {
  const bare = name.replace(/ \(\d+\)$/, "");
  if (!taken.includes(name)) return name;
  for (let number = 2; ; number++) {
    const candidate = `${bare} (${number})`;
    if (!taken.includes(candidate)) return candidate;
  }
}

/** Whether two lists of elements draw the same; a store may have added to them. */
export function sameElements(
  a: readonly DrawnElement[] | AnnotationDocument["elements"],
  b: readonly DrawnElement[] | AnnotationDocument["elements"],
): boolean {
  return a.length === b.length && fingerprint(a) === fingerprint(b);
}

function fingerprint(elements: AnnotationDocument["elements"]): string {
  return JSON.stringify(
    elements.map(({ id, type, group, points, holes, center, width, height, rotation }) => [
      id,
      type,
      group,
      points,
      holes?.length ? holes : null,
      center,
      width,
      height,
      rotation,
    ]),
  );
}

function wentTo(state: DeskState, slide: string | null): DeskState {
  if (slide === state.slide) return state;
  // What is not saved yet stays until it is, wherever the reader goes.
  const layers = state.layers.filter(({ mark }) => mark.kind !== "saved");
  const active = layers.find((each) => each.slide === slide)?.client ?? null;
  return {
    ...state,
    slide,
    layers,
    active,
    tool: "pan",
    subtracting: false,
    help: false,
    note: null,
  };
}

function withClasses(state: DeskState, classes: readonly DrawClass[]): DeskState {
  const known = classes.some(({ name }) => name === state.className);
  const first = classes.find((each) => !each.is_roi) ?? classes[0];
  return { ...state, classes, className: known ? state.className : (first?.name ?? null) };
}

function closed(state: DeskState, client: string): DeskState {
  const layers = state.layers.filter((each) => each.client !== client);
  const active = state.active === client ? null : state.active;
  return { ...state, layers, active };
}

function changed(state: DeskState, client: string, change: LayerChange): DeskState {
  const layers = state.layers.map((each) =>
    each.client === client ? { ...each, ...change } : each,
  );
  const renamed = change.client !== undefined && state.active === client;
  return { ...state, layers, active: renamed ? (change.client ?? null) : state.active };
}

function inLayer(
  state: DeskState,
  client: string,
  change: (history: History<Sketch>) => History<Sketch>,
): DeskState {
  const layers = state.layers.map((each) =>
    each.client === client ? { ...each, history: change(each.history) } : each,
  );
  return { ...state, layers };
}

function backOrForth(state: DeskState, way: "undo" | "redo"): DeskState {
  const layer = activeLayer(state);
  if (!layer) return state;
  const history = (way === "undo" ? undo : redo)(layer.history);
  if (history === layer.history) return state;
  return inLayer(state, layer.client, () => history);
}
