/** The keyboard, while one draws. */
import type { Desk } from "../../draw/desk";
import { commandFor, type KeyCommand } from "./hotkeys";

/** Where letters are letters. */
const FIELDS = "input:not([type=checkbox], [type=radio], [type=range]), textarea, select";

export function listenToKeys(
  desk: Desk,
  /** The slide can be seen: no page lies over it. */
  isOpen: () => boolean,
  /** What a tool has in hand may have changed. */
  onObeyed: () => void,
): void {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || desk.state.slide === null || !isOpen()) return;
    const command = isMeantForPage(event) ? null : commandOf(event);
    if (!command) return;
    if (obey(desk, command, event.repeat)) event.preventDefault();
    onObeyed();
  });
}

/** It is typed into a field, or presses the button that one has walked to. */
function isMeantForPage({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  // They go from choice to choice, or along a slider.
  if (key.startsWith("Arrow") && target.matches("input, [tabindex]")) return true;
  return target.matches(FIELDS) || (key === "Enter" && target.matches("button:focus-visible"));
}

function commandOf(event: KeyboardEvent): KeyCommand | null {
  // Some keyboards have brackets only with AltGr, which says that it is Ctrl and Alt.
  const isAltGr = event.getModifierState("AltGraph");
  if (event.altKey && !isAltGr) return null;
  const { key, shiftKey: shift, code } = event;
  const ctrl = (event.ctrlKey || event.metaKey) && !isAltGr;
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(code)?.[1];
  return commandFor({ key, ctrl, shift, digit: digit ? Number(digit) : null });
}

/** False where the key means nothing just now, and is left to others. */
function obey(desk: Desk, command: KeyCommand, isRepeated: boolean): boolean {
  const { state, tool } = desk;
  switch (command.kind) {
    case "tool":
      desk.take(command.tool);
      return true;
    case "class":
      return chooseClass(desk, command.index, command.ofSelected);
    case "nudge":
      return desk.nudge(command.dx, command.dy, isRepeated);
    case "brush":
      desk.resizeBrush(command.direction);
      return true;
    case "undo":
    case "redo":
    case "merge":
    case "selectAll":
      desk[command.kind]();
      return true;
    case "save":
      desk.saveNow();
      return true;
    case "subtracting":
      desk.setSubtracting(!state.subtracting);
      return true;
    case "help":
      desk.showHelp(!state.help);
      return true;
    case "finish":
      tool?.finish();
      return tool !== null;
    case "takeBack":
      return takeBack(desk);
    case "abandon":
      return tool?.abandon() ?? false;
  }
}

function chooseClass(desk: Desk, index: number, ofSelected: boolean): boolean {
  const name = desk.state.classes[index]?.name;
  if (name === undefined) return false;
  if (ofSelected) desk.classifySelected(name);
  else desk.chooseClass(name);
  return true;
}

function takeBack(desk: Desk): boolean {
  if (!desk.tool) return false;
  if (!desk.tool.takeBack()) desk.erase();
  return true;
}
