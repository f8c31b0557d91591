/** Which key does what. The titles of the buttons and the help sheet are made from it. */
import type { ToolName } from "../../draw/state";

export interface Key {
  readonly key: string;
  readonly ctrl: boolean;
  readonly shift: boolean;
  /** Of the digit row, whatever Shift makes of it; null for other keys. */
  readonly digit: number | null;
}

export type KeyCommand =
  | { readonly kind: "tool"; readonly tool: ToolName }
  | { readonly kind: "class"; readonly index: number; readonly ofSelected: boolean }
  | { readonly kind: "brush"; readonly direction: 1 | -1 }
  /** What is selected goes so many CSS pixels. */
  | { readonly kind: "nudge"; readonly dx: number; readonly dy: number }
  | {
      readonly kind:
        | "undo"
        | "redo"
        | "save"
        | "selectAll"
        | "merge"
        | "subtracting"
        | "finish"
        | "takeBack"
        | "abandon"
        | "help";
    };

export const TOOL_KEYS: Readonly<Record<ToolName, string>> = {
  pan: "H",
  select: "V",
  polygon: "P",
  lasso: "L",
  brush: "B",
  eraser: "E",
  rectangle: "R",
  ellipse: "O",
  point: "D",
  split: "X",
  accept: "A",
};

const FAR = 10;

const ARROWS: Readonly<Record<string, readonly [dx: number, dy: number]>> = {
  arrowleft: [-1, 0],
  arrowright: [1, 0],
  arrowup: [0, -1],
  arrowdown: [0, 1],
};

const PLAIN: Readonly<Record<string, KeyCommand>> = {
  "[": { kind: "brush", direction: -1 },
  "]": { kind: "brush", direction: 1 },
  "?": { kind: "help" },
  enter: { kind: "finish" },
  escape: { kind: "abandon" },
  backspace: { kind: "takeBack" },
  delete: { kind: "takeBack" },
  g: { kind: "merge" },
  s: { kind: "subtracting" },
  ...Object.fromEntries(
    Object.entries(TOOL_KEYS).map(([tool, key]) => [
      key.toLowerCase(),
      { kind: "tool", tool: tool as ToolName } as const,
    ]),
  ),
};

const WITH_CTRL: Readonly<Record<string, KeyCommand>> = {
  z: { kind: "undo" },
  y: { kind: "redo" },
  s: { kind: "save" },
  a: { kind: "selectAll" },
};

export function commandFor({ key, ctrl, shift, digit }: Key): KeyCommand | null {
  const small = key.toLowerCase();
  if (ctrl) return shift && small === "z" ? { kind: "redo" } : (WITH_CTRL[small] ?? null);
  const arrow = ARROWS[small];
  if (arrow) {
    const by = shift ? FAR : 1;
    return { kind: "nudge", dx: arrow[0] * by, dy: arrow[1] * by };
  }
  if (digit) return { kind: "class", index: digit - 1, ofSelected: shift };
  return PLAIN[small] ?? null;
}
