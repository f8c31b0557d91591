/** What lies over the page: the keys, and a layer's earlier versions. */
import { html, type TemplateResult } from "lit-html";
import type { AnnotationVersion } from "../../api/types";
import { TOOLS } from "../../draw/state";
import { formatTime } from "../../model/format";
import type { Loadable } from "../../state/state";
import { formatInteger } from "../../words/language";
import { ICONS } from "../icons";
import { problemNote } from "../problemNote";
import { TOOL_KEYS, TOOL_NAMES } from "./hotkeys";

const OTHER_KEYS: readonly (readonly [string, string])[] = [
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

export function helpSheet(close: () => void): TemplateResult {
  return sheet(
    "Drawing: tools and keys",
    html`<div class="key-columns">
      <dl class="key-list">
        ${TOOLS.map((tool) => html`<dt><kbd>${TOOL_KEYS[tool]}</kbd></dt><dd>${TOOL_NAMES[tool]}</dd>`)}
      </dl>
      <dl class="key-list">
        ${OTHER_KEYS.map(([keys, what]) => html`<dt>${keys}</dt><dd>${what}</dd>`)}
      </dl>
    </div>
    <p class="field-note">The brush grows the selected region of the same class that it touches, and
      starts a new one elsewhere. The eraser takes from the selected regions, or from all it meets.</p>`,
    close,
    "wide",
  );
}

export function versionsSheet(
  name: string,
  versions: Loadable<readonly AnnotationVersion[]>,
  restore: (version: string) => void,
  close: () => void,
): TemplateResult {
  return sheet(`Versions of “${name}”`, versionList(versions, restore), close);
}

function versionList(
  versions: Loadable<readonly AnnotationVersion[]>,
  restore: (version: string) => void,
): TemplateResult {
  if (versions.status === "loading") return html`<p class="placeholder">Reading them…</p>`;
  if (versions.status === "failed") return problemNote(versions.problem);
  return html`<ul class="version-list">
    ${versions.value.map(
      ({ version, by, updated, elements_count, current }) => html`<li data-testid="version-item">
        <span>${formatTime(updated, new Date())}${by ? ` · ${by}` : ""}</span>
        <span class="annotation-count">${elements_count === 1 ? "one element" : `${formatInteger(elements_count)} elements`}</span>
        ${
          current
            ? html`<span class="chip">now</span>`
            : html`<button @click=${() => restore(version)}>Restore</button>`
        }
      </li>`,
    )}
  </ul>
  <p class="field-note">Restoring makes an older version the newest; none is lost by it.</p>`;
}

export function sheet(
  title: string,
  content: TemplateResult,
  close: () => void,
  size = "",
): TemplateResult {
  const closeBeside = ({ target, currentTarget }: Event): void => {
    if (target === currentTarget) close();
  };
  return html`<dialog class="sheet ${size}" aria-label=${title} @close=${close} @click=${closeBeside}>
    <div class="sheet-body">
      <div class="section-head">
        <h2>${title}</h2>
        <button class="quiet icon-only" aria-label="Close" title="Close (Esc)" @click=${close}>${ICONS.cross}</button>
      </div>
      ${content}
    </div>
  </dialog>`;
}
