/** Several slides at once: chosen in the list, segmented with one press. */
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import type { SlideSummary } from "../api/types";
import type { Commands } from "../state/commands";
import { sound } from "../state/launch";
import { chosenModel, inArchive } from "../state/selectors";
import type { AppState } from "../state/state";
import { COMMON } from "../words/common";
import { SEGMENT } from "../words/segment";
import { BATCH } from "../words/slides";

/** Begins to choose, or ends it; in the head of the list. */
export function chooseButton({ launch, slides }: AppState, commands: Commands): TemplateResult {
  const isChoosing = launch.selection !== null;
  const isEmpty = slides.status !== "ready" || slides.value.length === 0;
  return html`<button class="quiet" data-testid="choose-slides" aria-pressed=${isChoosing ? "true" : "false"}
    title=${BATCH.chooseTitle} ?disabled=${isEmpty && !isChoosing}
    @click=${() => commands.launch.choose(!isChoosing)}>${isChoosing ? COMMON.cancel : BATCH.choose}</button>`;
}

/** Beside each slide while one chooses. */
export function slideBox(
  { launch }: AppState,
  slide: SlideSummary,
  commands: Commands,
): TemplateResult | typeof nothing {
  const { selection } = launch;
  if (!selection) return nothing;
  return html`<input type="checkbox" class="slide-check" data-testid="slide-check" data-slide=${slide.id}
    aria-label=${BATCH.segmentSlide(slide.name)} ?disabled=${slide.problem !== null}
    .checked=${live(selection.slides.includes(slide.id))}
    @click=${(event: MouseEvent) => commands.launch.select(slide.id, event.shiftKey)} />`;
}

/** Below the list: how many, and *Segment*. */
export function batchBar(state: AppState, commands: Commands): TemplateResult | typeof nothing {
  const { selection } = state.launch;
  if (!selection) return nothing;
  const count = selection.slides.length;
  const all = state.slides.status === "ready" ? sound(state.slides.value).length : 0;
  const model = chosenModel(state);
  return html`<div class="batch-bar" data-testid="batch-bar">
    <div class="batch-row">
      <span aria-live="polite" data-testid="batch-count">${BATCH.selected(count)}</span>
      <button class="quiet" data-testid="select-all" @click=${() => commands.launch.selectAll()}>
        ${inArchive(state) ? BATCH.allInFolder : COMMON.all} (${all})</button>
      <button class="quiet" ?disabled=${count === 0} @click=${() => commands.launch.selectNone()}>${BATCH.none}</button>
    </div>
    <p class="field-note">${
      count === 0
        ? BATCH.howToChoose
        : model
          ? BATCH.withModel(COMMON.version(model.name, model.version))
          : COMMON.noModel
    }</p>
    <button class="primary" data-testid="segment-selection" ?disabled=${count === 0 || !model || selection.sent !== null}
      @click=${() => commands.launch.segmentSelection()}>${words(count, selection.sent)}</button>
  </div>`;
}

function words(count: number, sent: number | null): string {
  if (sent !== null) return BATCH.asking(sent + 1, count);
  return count === 0 ? SEGMENT.title : BATCH.segment(count);
}
