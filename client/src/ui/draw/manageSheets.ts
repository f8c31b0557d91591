/** What lies over the page when a whole annotation is renamed, deleted or brought back. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { AnnotationSummary } from "../../api/types";
import { formatTime } from "../../model/format";
import type { Loadable } from "../../state/state";
import { ANNOTATIONS, MANAGE } from "../../words/annotations";
import { COMMON, COUNTS } from "../../words/common";
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
    ? html`<p>${MANAGE.deleteQuestion(one.name, COUNTS.elements(one.elements_count))}${
        one.mine || !one.by ? "" : html` <strong>${MANAGE.drawnByOther(one.by)}</strong>`
      }</p>
      <p class="field-note">${MANAGE.canBeBroughtBack}</p>
      <div class="version-buttons">
        <button data-testid="confirm-delete" @click=${() => commands.remove()}>${MANAGE.delete}</button>
        <button class="quiet" @click=${() => commands.ask(false)}>${COMMON.cancel}</button>
      </div>`
    : html`<form class="manage-form" @submit=${submit}>
        <label class="field"><span class="field-name">${MANAGE.name}</span>
          <input class="search" name="name" maxlength="200" required autofocus .value=${one.name} data-testid="new-name" /></label>
        <div class="version-buttons">
          <button type="submit" data-testid="rename">${MANAGE.rename}</button>
          <button type="button" class="quiet" data-testid="delete" @click=${() => commands.ask(true)}>${MANAGE.deleteAsks}</button>
        </div>
      </form>
      <p class="field-note">${COUNTS.elements(one.elements_count)}${one.by ? ` · ${COMMON.by(one.by)}` : ""} · ${formatTime(one.updated, new Date())}</p>`;
  return sheet(`“${one.name}”`, content, () => commands.close());
}

export function deletedSheet(
  deleted: Loadable<readonly AnnotationSummary[]>,
  bringBack: (one: AnnotationSummary) => void,
  close: () => void,
): TemplateResult {
  return sheet(ANNOTATIONS.deleted, deletedList(deleted, bringBack), close);
}

function deletedList(
  deleted: Loadable<readonly AnnotationSummary[]>,
  bringBack: (one: AnnotationSummary) => void,
): TemplateResult {
  if (deleted.status === "loading") return html`<p class="placeholder">${COMMON.loadingThem}</p>`;
  if (deleted.status === "failed") return problemNote(deleted.problem);
  if (deleted.value.length === 0) {
    return html`<p class="placeholder">${MANAGE.noneDeleted}</p>`;
  }
  return html`<ul class="version-list">${deleted.value.map(
    (one) => html`<li data-testid="deleted-item">
      <span>${one.name}<br /><span class="run-time">${one.by ? `${COMMON.by(one.by)} · ` : ""}${formatTime(one.updated, new Date())}</span></span>
      <span class="annotation-count">${COUNTS.elements(one.elements_count)}</span>
      ${one.editable ? html`<button @click=${() => bringBack(one)}>${MANAGE.bringBack}</button>` : nothing}
    </li>`,
  )}</ul>`;
}
