/** Drawing: the tools, the layers, and whether what was drawn is saved. */
import type { ToolName } from "../draw/state";
import { ANNOTATIONS } from "./annotations";
import { COMMON, COUNTS } from "./common";

export const TOOL_NAMES: Readonly<Record<ToolName, string>> = {
  pan: "Move the slide",
  select: "Select and reshape",
  polygon: "Polygon",
  lasso: "Lasso",
  brush: "Brush",
  eraser: "Eraser",
  rectangle: "Rectangle",
  ellipse: "Ellipse",
  point: "Point",
  split: "Split along a line",
  accept: "Accept a model's outline",
};

export const DRAWING = {
  title: "Drawing",
  tools: "Drawing tools",
  subtract: "Subtract mode",
  subtractTitle: "Subtract: take away what is drawn (S, or hold Alt)",
  merge: "Merge the selected regions",
  mergeTitle: "Merge the selected regions (G)",
  undo: "Undo",
  undoTitle: "Undo (Ctrl+Z)",
  redo: "Redo",
  redoTitle: "Redo (Ctrl+Shift+Z)",
  help: "Keys and tools",
  helpTitle: "Keys (?)",

  noClasses: (name: string) => `No classes are set up: what you draw is “${name}”.`,
  classToDraw: "Class to draw with",
  classTitle: (name: string, key: string) => `${name} (${key}; Shift+${key} for what is selected)`,
  setOnSelected: "Set on selected",
  setOnSelectedTitle: "Give what is selected this class (Shift+number)",
} as const;

export const LAYERS = {
  another: "Another layer",
  none:
    "Take a tool at the left of the slide and draw: your layer begins with the first stroke, and is " +
    "saved by itself.",
  /** Of somebody whose name nobody knows. */
  newName: ANNOTATIONS.title,
  drawIn: (name: string) => `Draw in “${name}”`,
  hide: { title: "Hide", named: (name: string) => `Hide ${name}` },
  show: { title: COMMON.show, named: (name: string) => `Show ${name}` },
  lock: { title: "Lock", named: (name: string) => `Lock ${name}` },
  unlock: { title: "Unlock", named: (name: string) => `Unlock ${name}` },
} as const;

/** How far what was drawn has come; `where` is `kept` or `notKept`. */
export const SAVING = {
  kept: "kept in this browser",
  notKept: "not even kept in this browser",
  saved: "Saved",
  savedTitle: (name: string) => `“${name}” is saved.`,
  savedBeside: "Saved beside another version",
  saving: "Saving…",
  savingTitle: (name: string, where: string) => `“${name}” is being saved; it is ${where}.`,
  unsaved: "Not saved yet",
  unsavedTitle: (name: string, where: string) => `“${name}” is ${where} until it is saved.`,
  offline: (where: string) => `Offline: ${where}`,
  refused: (where: string) => `Not saved, ${where}`,
  changedElsewhere: (name: string, own: string) =>
    `“${name}” was changed elsewhere while you drew. Yours is kept as “${own}”; both are on show.`,
  deletedElsewhere: (name: string, own: string) =>
    `“${name}” was deleted elsewhere while you drew. Yours is kept as “${own}”.`,
} as const;

/** Said once, above the slide. */
export const DRAW_NOTES = {
  begun: "What you had begun here is in hand again. Enter finishes it, Esc gives it up.",
  locked: (name: string) => `“${name}” is locked: nothing was changed.`,
  hidden: (name: string) => `“${name}” is hidden: nothing was changed.`,
  selectToMerge: "Select two or more regions that touch (Shift+click), then merge them.",
  strokesFound: (name: string) =>
    `“${name}” had strokes that had not reached the service. They were kept in this browser and are being saved.`,

  noOutlines: "No outlines here: show a run's outlines and zoom in until they appear.",
  nothingAccepted: (why: unknown) => `Nothing was taken over: ${why}`,
  acceptedBefore: "It is in your layer already.",
  accepted: (regions: number) =>
    `${regions === 1 ? "One region" : `${regions} regions`} accepted. ` +
    "Press V to pull at corners, B and E to mend with the brush.",
  cutOff: (regions: number) => `${regions} go on beyond what can be traced at once.`,
} as const;

/** A layer's earlier versions. */
export const VERSIONS = {
  open: "Earlier versions",
  openNamed: (name: string) => `Earlier versions of ${name}`,
  title: (name: string) => `Versions of “${name}”`,
  elements: (count: number) => (count === 1 ? "one element" : COUNTS.elements(count)),
  now: "now",
  restore: "Restore",
  about: "Restoring makes an older version the newest; none is lost by it.",
} as const;

export const HELP = {
  title: "Drawing: tools and keys",
  about:
    "The brush grows the selected region of the same class that it touches, and starts a new one " +
    "elsewhere. The eraser takes from the selected regions, or from all it meets.",
} as const;

/** What is pressed or done, and what it does; the tools' own keys stand beside them. */
export const HELP_KEYS: readonly (readonly [keys: string, what: string])[] = [
  ["Space, middle button", "Move the slide with any tool in hand; the wheel zooms"],
  ["Two fingers", "Move the slide and zoom; beside a pen, one finger moves it, too"],
  ["1 … 9", "Class to draw with; with Shift also for what is selected"],
  ["Alt, or S", "Take away what is drawn: cut a hole, trim an edge"],
  ["[ and ]", "Smaller and larger brush"],
  ["Double click, Enter", "Close the polygon; so does a click on its first corner"],
  ["Backspace", "Take back the polygon's last corner"],
  ["Esc", "Abandon what is begun; let go what is selected"],
  ["Drag a corner or an edge", "Move it, or make a corner there (select tool)"],
  [
    "Drag what is selected",
    "Move all of it; by the round handle above it turn it, with Shift by 15°",
  ],
  ["Arrow keys", "Move what is selected by a pixel of the screen, with Shift by ten"],
  ["Alt+click, Delete", "Remove a corner; Delete also what is selected"],
  ["Shift+click", "Select several"],
  ["G", "Merge what is selected"],
  ["Ctrl+Z, Ctrl+Shift+Z", "Undo and redo, without limit"],
  ["Ctrl+A, Ctrl+S", "Select all of the layer; save at once"],
];
