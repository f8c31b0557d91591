/** What lies on the slide in the store: people's annotations first, models' layers after them. */
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { repeat } from "lit-html/directives/repeat.js";
import type { AnnotationSummary } from "../api/types";
import { formatInteger, formatTime } from "../model/format";
import type { Commands } from "../state/commands";
import type { AppState, OpenSlide } from "../state/state";
import { ICONS } from "./icons";
import { problemNote } from "./problemNote";

/** More shapes than this are more than a browser should be sent in one piece. */
const MOST_DRAWN = 300_000;

export function annotationList(
  state: AppState,
  commands: Commands,
): TemplateResult | typeof nothing {
  const { slide } = state;
  if (slide?.detail.status !== "ready") return nothing;
  return html`<section class="panel-section" aria-labelledby="annotations-title">
    <div class="section-head">
      <h2 id="annotations-title">Annotations</h2>
      <button class="quiet icon-only" title="Look for new annotations" aria-label="Look for new annotations"
        @click=${() => commands.refreshAnnotations()}>${ICONS.refresh}</button>
    </div>
    ${content(slide, commands)}
  </section>`;
}

function content(slide: OpenSlide, commands: Commands): TemplateResult {
  const { annotations } = slide;
  if (annotations.status === "loading") return html`<p class="placeholder">Reading them…</p>`;
  if (annotations.status === "failed") return problemNote(annotations.problem);
  if (annotations.value.length === 0) {
    return html`<p class="placeholder">
      Nobody has drawn on this slide yet, and no finished run has left its outlines here.
    </p>`;
  }
  const sorted = [...annotations.value].sort((a, b) => Number(isModel(a)) - Number(isModel(b)));
  return html`<ul class="annotation-list">
    ${repeat(
      sorted,
      ({ id }) => id,
      (each) => html`<li>${entry(each, each.id in slide.drawn, commands)}</li>`,
    )}
  </ul>`;
}

function entry(one: AnnotationSummary, isShown: boolean, commands: Commands): TemplateResult {
  const tooMany = one.elements_count > MOST_DRAWN;
  return html`<label class="annotation-item" data-testid="annotation-item" data-annotation=${one.id}
    title=${one.description || nothing}>
    <input type="checkbox" .checked=${live(isShown)} ?disabled=${tooMany || one.elements_count === 0}
      @change=${() => commands.toggleAnnotation(one.id)} />
    <span class="slide-name">${one.name}</span>
    <span class="annotation-count">${formatInteger(one.elements_count)}</span>
    <span class="run-time">${origin(one)}${tooMany ? " · too many to draw here" : ""}</span>
  </label>`;
}

function origin(one: AnnotationSummary): string {
  const who = isModel(one) ? `by ${one.attributes.model}` : one.by && `by ${one.by}`;
  return [who, formatTime(one.updated, new Date())].filter(Boolean).join(" · ");
}

function isModel({ attributes }: AnnotationSummary): boolean {
  return typeof attributes.run === "string" && typeof attributes.model === "string";
}
