/** The tools, at the left edge of the slide. */
import { html, type TemplateResult } from "lit-html";
import type { Desk } from "../../draw/desk";
import { activeLayer, TOOLS, type ToolName } from "../../draw/state";
import { DRAWING, TOOL_NAMES } from "../../words/drawing";
import { TOOL_KEYS } from "./hotkeys";
import { DRAW_ICONS, TOOL_ICONS } from "./toolIcons";

export function toolbar(desk: Desk): TemplateResult {
  const { state } = desk;
  const layer = activeLayer(state);
  return html`<div class="tool-group" role="toolbar" aria-label=${DRAWING.tools} aria-orientation="vertical">
      ${TOOLS.map((tool) => toolButton(tool, state.tool === tool, desk))}
    </div>
    <div class="tool-group" role="group" aria-label=${DRAWING.title}>
      <button title=${DRAWING.subtractTitle} aria-label=${DRAWING.subtract}
        data-testid="subtract-toggle" aria-pressed=${state.subtracting ? "true" : "false"}
        @click=${() => desk.setSubtracting(!state.subtracting)}>${DRAW_ICONS.subtract}</button>
      <button title=${DRAWING.mergeTitle} aria-label=${DRAWING.merge}
        ?disabled=${desk.sketch.selected.length < 2} @click=${() => desk.merge()}>${DRAW_ICONS.merge}</button>
      <button title=${DRAWING.undoTitle} aria-label=${DRAWING.undo} data-testid="undo"
        ?disabled=${!layer || layer.history.past.length === 0} @click=${() => desk.undo()}>${DRAW_ICONS.undo}</button>
      <button title=${DRAWING.redoTitle} aria-label=${DRAWING.redo} data-testid="redo"
        ?disabled=${!layer || layer.history.future.length === 0} @click=${() => desk.redo()}>${DRAW_ICONS.redo}</button>
      <button title=${DRAWING.helpTitle} aria-label=${DRAWING.help} @click=${() => desk.showHelp(true)}>${DRAW_ICONS.help}</button>
    </div>`;
}

function toolButton(tool: ToolName, isTaken: boolean, desk: Desk): TemplateResult {
  const name = TOOL_NAMES[tool];
  return html`<button title="${name} (${TOOL_KEYS[tool]})" aria-label=${name} data-testid="tool-${tool}"
    aria-pressed=${isTaken ? "true" : "false"} aria-keyshortcuts=${TOOL_KEYS[tool]}
    @click=${() => desk.take(tool)}>${TOOL_ICONS[tool]}</button>`;
}
