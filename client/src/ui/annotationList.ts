/** What lies on the slide in the store: people's annotations first, models' layers after them. */
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { repeat } from "lit-html/directives/repeat.js";
import type { AnnotationSummary } from "../api/types";
import type { Desk } from "../draw/desk";
import { layersHere } from "../draw/state";
import { formatTime } from "../model/format";
import type { Commands } from "../state/commands";
import type { AppState, OpenSlide } from "../state/state";
import { ANNOTATIONS } from "../words/annotations";
import { COMMON } from "../words/common";
import { formatInteger } from "../words/language";
import { DRAW_ICONS } from "./draw/toolIcons";
import { ICONS } from "./icons";
import { problemNote } from "./problemNote";

/** More shapes than this are more than a browser should be sent in one piece. */
const MOST_DRAWN = 300_000;

/** What opens over the page. */
export interface AnnotationSheets {
  /** Renames or deletes it. */
  manage(one: AnnotationSummary): void;
  openDeleted(): Promise<void>;
}

export function annotationList(
  state: AppState,
  commands: Commands,
  desk: Desk,
  sheets: AnnotationSheets,
): TemplateResult | typeof nothing {
  const { slide } = state;
  if (slide?.detail.status !== "ready") return nothing;
  return html`<section class="panel-section" aria-labelledby="annotations-title">
    <div class="section-head">
      <h2 id="annotations-title">${ANNOTATIONS.title}</h2>
      <button class="quiet icon-only annotation-bin" title=${ANNOTATIONS.deleted} aria-label=${ANNOTATIONS.deleted}
        data-testid="deleted-button" @click=${() => void sheets.openDeleted()}>${DRAW_ICONS.bin}</button>
      <button class="quiet icon-only" title=${ANNOTATIONS.look} aria-label=${ANNOTATIONS.look}
        @click=${() => commands.refreshAnnotations()}>${ICONS.refresh}</button>
    </div>
    ${content(slide, commands, desk, sheets)}
  </section>`;
}

function content(
  slide: OpenSlide,
  commands: Commands,
  desk: Desk,
  sheets: AnnotationSheets,
): TemplateResult {
  const { annotations } = slide;
  if (annotations.status === "loading")
    return html`<p class="placeholder">${COMMON.loadingThem}</p>`;
  if (annotations.status === "failed") return problemNote(annotations.problem);
  if (annotations.value.length === 0) {
    return html`<p class="placeholder">${ANNOTATIONS.none}</p>`;
  }
  const sorted = [...annotations.value].sort((a, b) => Number(isModel(a)) - Number(isModel(b)));
  return html`<ul class="annotation-list">
    ${repeat(
      sorted,
      ({ id }) => id,
      (each) => html`<li>${entry(each, slide, commands, desk, sheets)}</li>`,
    )}
  </ul>`;
}

function entry(
  one: AnnotationSummary,
  slide: OpenSlide,
  commands: Commands,
  desk: Desk,
  sheets: AnnotationSheets,
): TemplateResult {
  const layer = layersHere(desk.state).find(({ annotation }) => annotation === one.id);
  const isAwaited = !layer && slide.awaited.includes(one.id);
  // What is open to draw in is drawn by the desk, and not a second time.
  const isShown = layer ? layer.visible : isAwaited || one.id in slide.drawn;
  const toggle = (): void =>
    layer ? desk.setVisible(layer.client, !layer.visible) : commands.toggleAnnotation(one.id);
  const tooMany = one.elements_count > MOST_DRAWN;
  return html`<label class="annotation-item" data-testid="annotation-item" data-annotation=${one.id}
    title=${one.description || nothing}>
    <input type="checkbox" .checked=${live(isShown)} ?disabled=${tooMany || one.elements_count === 0}
      @change=${toggle} />
    <span class="slide-name">${one.name}</span>
    <span class="annotation-count">${formatInteger(one.elements_count)}</span>
    ${one.editable && !tooMany ? editButton(one, slide, commands, desk) : nothing}
    ${
      one.editable
        ? html`<button class="quiet icon-only annotation-manage" title=${ANNOTATIONS.manage}
            aria-label=${ANNOTATIONS.manageNamed(one.name)} data-testid="manage"
            @click=${() => sheets.manage(one)}>${DRAW_ICONS.more}</button>`
        : nothing
    }
    <span class="run-time">${origin(one)}${tooMany ? ` · ${ANNOTATIONS.tooMany}` : ""}${isAwaited ? ` · ${ANNOTATIONS.loading}` : ""}</span>
  </label>`;
}

function editButton(
  one: AnnotationSummary,
  slide: OpenSlide,
  commands: Commands,
  desk: Desk,
): TemplateResult {
  const edit = (): void => {
    if (slide.awaited.includes(one.id) || one.id in slide.drawn) {
      commands.toggleAnnotation(one.id);
    }
    void desk.edit(one);
  };
  return html`<button class="quiet icon-only annotation-edit" title=${ANNOTATIONS.drawIn}
    aria-label=${ANNOTATIONS.drawInNamed(one.name)} @click=${edit}>${DRAW_ICONS.pencil}</button>`;
}

function origin(one: AnnotationSummary): string {
  const who = isModel(one) ? String(one.attributes.model) : one.by;
  return [who && COMMON.by(who), formatTime(one.updated, new Date())].filter(Boolean).join(" · ");
}

function isModel({ attributes }: AnnotationSummary): boolean {
  return typeof attributes.run === "string" && typeof attributes.model === "string";
}
