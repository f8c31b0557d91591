/** What lies over the page when a whole annotation is renamed, deleted or brought back. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { AnnotationSummary } from "../../api/types";
import { formatTime } from "../../model/format";
import type { Loadable } from "../../state/state";
import { plural } from "../../words/language";
import { problemNote } from "../problemNote";
import { sheet } from "./sheets";

export interface ManageCommands {
  rename(name: string): void;
  /** Asks whether one is sure; false takes it back. */
  ask(asks: boolean): void;
  remove(): void;
  close(): void;
}

export function manageSheet(
  one: AnnotationSummary,
  asks: boolean,
  commands: ManageCommands,
): TemplateResult {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    commands.rename(String(new FormData(event.target as HTMLFormElement).get("name") ?? ""));
  };
  const content = asks
    ? html`<p>Delete “${one.name}” with its ${plural(one.elements_count, "element")}?${
        one.mine || !one.by ? "" : html` <strong>${one.by} has drawn it, not you.</strong>`
      }</p>
      <p class="field-note">It can be brought back under “Deleted annotations”, with all its versions.</p>
      <div class="version-buttons">
        <button data-testid="confirm-delete" @click=${() => commands.remove()}>Delete</button>
        <button class="quiet" @click=${() => commands.ask(false)}>Cancel</button>
      </div>`
    : html`<form class="manage-form" @submit=${submit}>
        <label class="field"><span class="field-name">Name</span>
          <input class="search" name="name" maxlength="200" required autofocus .value=${one.name} data-testid="new-name" /></label>
        <div class="version-buttons">
          <button type="submit" data-testid="rename">Rename</button>
          <button type="button" class="quiet" data-testid="delete" @click=${() => commands.ask(true)}>Delete…</button>
        </div>
      </form>
      <p class="field-note">${plural(one.elements_count, "element")}${one.by ? ` · by ${one.by}` : ""} · ${formatTime(one.updated, new Date())}</p>`;
  return sheet(`“${one.name}”`, content, () => commands.close());
}

export function deletedSheet(
  deleted: Loadable<readonly AnnotationSummary[]>,
  bringBack: (one: AnnotationSummary) => void,
  close: () => void,
): TemplateResult {
  return sheet("Deleted annotations", deletedList(deleted, bringBack), close);
}

function deletedList(
  deleted: Loadable<readonly AnnotationSummary[]>,
  bringBack: (one: AnnotationSummary) => void,
): TemplateResult {
  if (deleted.status === "loading") return html`<p class="placeholder">Reading them…</p>`;
  if (deleted.status === "failed") return problemNote(deleted.problem);
  if (deleted.value.length === 0) {
    return html`<p class="placeholder">Nothing was deleted from this slide.</p>`;
  }
  return html`<ul class="version-list">${deleted.value.map(
    (one) => html`<li data-testid="deleted-item">
      <span>${one.name}<br /><span class="run-time">${one.by ? `by ${one.by} · ` : ""}${formatTime(one.updated, new Date())}</span></span>
      <span class="annotation-count">${plural(one.elements_count, "element")}</span>
      ${one.editable ? html`<button @click=${() => bringBack(one)}>Bring back</button>` : nothing}
    </li>`,
  )}</ul>`;
}
