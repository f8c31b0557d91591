/** What lies over the page: the keys, and a layer's earlier versions. */
import { html, type TemplateResult } from "lit-html";
import type { AnnotationVersion } from "../../api/types";
import { TOOLS } from "../../draw/state";
import { formatTime } from "../../model/format";
import type { Loadable } from "../../state/state";
import { COMMON } from "../../words/common";
import { HELP, HELP_KEYS, TOOL_NAMES, VERSIONS } from "../../words/drawing";
import { ICONS } from "../icons";
import { problemNote } from "../problemNote";
import { TOOL_KEYS } from "./hotkeys";

export function helpSheet(close: () => void): TemplateResult {
  return sheet(
    HELP.title,
    html`<div class="key-columns">
      <dl class="key-list">
        ${TOOLS.map((tool) => html`<dt><kbd>${TOOL_KEYS[tool]}</kbd></dt><dd>${TOOL_NAMES[tool]}</dd>`)}
      </dl>
      <dl class="key-list">
        ${HELP_KEYS.map(([keys, what]) => html`<dt>${keys}</dt><dd>${what}</dd>`)}
      </dl>
    </div>
    <p class="field-note">${HELP.about}</p>`,
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
  return sheet(VERSIONS.title(name), versionList(versions, restore), close);
}

function versionList(
  versions: Loadable<readonly AnnotationVersion[]>,
  restore: (version: string) => void,
): TemplateResult {
  if (versions.status === "loading") return html`<p class="placeholder">${COMMON.loadingThem}</p>`;
  if (versions.status === "failed") return problemNote(versions.problem);
  return html`<ul class="version-list">
    ${versions.value.map(
      ({ version, by, updated, elements_count, current }) => html`<li data-testid="version-item">
        <span>${formatTime(updated, new Date())}${by ? ` · ${by}` : ""}</span>
        <span class="annotation-count">${VERSIONS.elements(elements_count)}</span>
        ${
          current
            ? html`<span class="chip">${VERSIONS.now}</span>`
            : html`<button @click=${() => restore(version)}>${VERSIONS.restore}</button>`
        }
      </li>`,
    )}
  </ul>
  <p class="field-note">${VERSIONS.about}</p>`;
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
        <button class="quiet icon-only" aria-label=${COMMON.close} title=${COMMON.closeByKey} @click=${close}>${ICONS.cross}</button>
      </div>
      ${content}
    </div>
  </dialog>`;
}
