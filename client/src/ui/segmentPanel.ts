/** Which model, which part of the slide, and *Segment*. */
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import type { Model } from "../api/types";
import { formatMillimetres, formatPixels } from "../model/format";
import type { Commands } from "../state/commands";
import {
  activeJobs,
  chosenModel,
  inArchive,
  openDetail,
  segmentObstacle,
} from "../state/selectors";
import type { AppState, RegionChoice } from "../state/state";
import { COMMON } from "../words/common";
import { SEGMENT } from "../words/segment";
import { ICONS } from "./icons";
import { checkButton } from "./preflightCard";
import { problemNote } from "./problemNote";

export function segmentPanel(state: AppState, commands: Commands): TemplateResult {
  return html`<section class="panel-section" aria-labelledby="segment-title">
    <h2 id="segment-title">${SEGMENT.title}</h2>
    ${modelPicker(state, commands)} ${regionPicker(state, commands)}
    ${replaceToggle(state, commands)} ${start(state, commands)}
  </section>`;
}

function modelPicker(state: AppState, commands: Commands): TemplateResult {
  const { models } = state;
  if (models.status === "loading") return html`<p class="placeholder">${COMMON.loadingModels}</p>`;
  if (models.status === "failed") return problemNote(models.problem);
  const model = chosenModel(state);
  return html`
    <label class="field">
      <span class="field-name">${COMMON.model}</span>
      <select data-testid="model-picker" .value=${live(state.model ?? "")}
        @change=${(event: Event) => commands.chooseModel((event.target as HTMLSelectElement).value)}>
        ${models.value.map((each) => option(each, each.reference === state.model))}
      </select>
    </label>
    ${model ? description(model) : nothing}
  `;
}

function option({ reference, name, version }: Model, selected: boolean): TemplateResult {
  return html`<option value=${reference} ?selected=${selected}>${COMMON.version(name, version)}</option>`;
}

function description({ summary, notice }: Model): TemplateResult {
  return html`<p class="model-summary">${summary}</p>
    ${notice ? html`<p class="model-notice">${notice}</p>` : nothing}`;
}

function regionPicker(state: AppState, commands: Commands): TemplateResult {
  const { region } = state;
  const disabled = openDetail(state) === null;
  const choice = (scope: RegionChoice["scope"], text: string, testId: string) => html`<button
    type="button" data-testid=${testId} aria-pressed=${region.scope === scope ? "true" : "false"}
    ?disabled=${disabled} @click=${() => pick(scope, region, commands)}
  >${text}</button>`;
  return html`
    <div class="segmented" role="group" aria-label=${COMMON.region}>
      ${choice("whole", COMMON.wholeSlide, "whole-slide")} ${choice("drawn", SEGMENT.drawnRegion, "draw-region")}
    </div>
    ${
      region.drawing
        ? html`<p class="field-note">${SEGMENT.drag}</p>`
        : drawnRegion(state, commands)
    }
  `;
}

/** A second press on "Drawn region" takes the tool in hand again. */
function pick(scope: RegionChoice["scope"], region: RegionChoice, commands: Commands): void {
  if (scope === "drawn" && region.scope === "drawn") commands.startDrawing();
  else commands.setScope(scope);
}

function drawnRegion(state: AppState, commands: Commands): TemplateResult | typeof nothing {
  const { box, scope } = state.region;
  if (!box || scope === "whole") return nothing;
  const mpp = openDetail(state)?.mpp;
  const [, , width, height] = box;
  return html`<div class="region-row">
    <span class="field-note">
      ${formatPixels(width, height)}${mpp ? html`<br />${formatMillimetres(width, height, mpp)}` : nothing}
    </span>
    <button class="quiet" data-testid="redraw-region" @click=${() => commands.startDrawing()}>
      ${ICONS.rectangle} ${SEGMENT.redraw}</button>
    <button class="quiet" data-testid="clear-region" @click=${() => commands.clearRegion()}>
      ${ICONS.cross} ${SEGMENT.clear}</button>
  </div>`;
}

function replaceToggle(state: AppState, commands: Commands): TemplateResult | typeof nothing {
  if (!inArchive(state)) return nothing;
  return html`<label class="toggle"
    title=${SEGMENT.replaceTitle}>
    <input type="checkbox" data-testid="replace-toggle" .checked=${live(state.replace)}
      @change=${(event: Event) => commands.setReplace((event.target as HTMLInputElement).checked)} />
    <span>${SEGMENT.replace}</span>
  </label>`;
}

function start(state: AppState, commands: Commands): TemplateResult {
  const obstacle = segmentObstacle(state);
  const isBusy = state.submitting || activeJobs(state).length > 0;
  return html`
    <button class="primary" data-testid="segment-button" ?disabled=${obstacle !== null || isBusy}
      aria-describedby="segment-obstacle" @click=${() => commands.segment()}>
      ${isBusy ? SEGMENT.busy : SEGMENT.title}
    </button>
    ${checkButton(state, commands)}
    <p class="field-note" id="segment-obstacle" data-testid="segment-obstacle" ?hidden=${obstacle === null}>
      ${obstacle ?? ""}
    </p>
  `;
}
