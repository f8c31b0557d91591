/** The page of the models, above the stage: which versions there are, and all about one. */
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { LearnApi, ModelRecord } from "../api/learn";
import type { Model } from "../api/types";
import { SPLITS } from "../model/dataset";
import { formatTime } from "../model/format";
import type { LearnState } from "../state/learn";
import type { LearnCommands } from "../state/learning";
import { maySeeDatasets } from "../state/selectors";
import type { AppState } from "../state/state";
import { COMMON, COUNTS } from "../words/common";
import { MODELS } from "../words/models";
import { UNITS } from "../words/units";
import { learnFrame } from "./learnLinks";
import { modelCurves } from "./modelCurves";
import { evaluationSection, gateSection } from "./modelFigures";
import { problemNote } from "./problemNote";

export function modelsPage(
  state: AppState,
  learn: LearnCommands,
  pictures: Pick<LearnApi, "picture">,
): TemplateResult | typeof nothing {
  const { learn: page, models } = state;
  if (page?.place.page !== "models") return nothing;
  const content =
    models.status === "ready"
      ? html`<div class="datasets-body">
          <nav class="dataset-list" aria-label=${MODELS.title}>${versions(models.value, page, learn)}</nav>
          <div class="dataset model-page">${chosen(state, page, learn, pictures)}</div>
        </div>`
      : models.status === "failed"
        ? problemNote(models.problem)
        : html`<p class="placeholder">${COMMON.loadingModels}</p>`;
  return learnFrame("models", MODELS.title, MODELS.note, learn, content);
}

function versions(
  models: readonly Model[],
  { place }: LearnState,
  learn: LearnCommands,
): TemplateResult {
  return html`<ul>${repeat(
    models,
    ({ reference }) => reference,
    ({ reference, tags, summary }) => html`<li>
      <button class="run-item" data-testid="model-item" data-model=${reference}
        aria-current=${reference === place.of ? "true" : "false"}
        @click=${() => learn.show({ page: "models", of: reference })}>
        <span class="slide-name">${reference}</span>
        <span class="run-time">${tags.map((tag) => html`<span class="tag" data-tag=${tag}>${tagWords(tag)}</span>`)}</span>
        <span class="run-time model-summary">${summary}</span>
      </button>
    </li>`,
  )}</ul>`;
}

function chosen(
  state: AppState,
  page: LearnState,
  learn: LearnCommands,
  pictures: Pick<LearnApi, "picture">,
): TemplateResult {
  const { model, epochs } = page;
  if (model.status === "loading") return html`<p class="placeholder">${MODELS.loadingOne}</p>`;
  if (model.status === "failed") return problemNote(model.problem);
  const { value } = model;
  return html`${facts(value)} ${version(value, page, learn)}
    ${section(MODELS.origin, origin(state, value, learn))}
    ${section(MODELS.gate, gateSection(value))}
    ${section(MODELS.figures, evaluationSection(value))}
    ${section(MODELS.curves, modelCurves(epochs))}
    ${value.evaluation ? section(MODELS.gallery, gallery(value, pictures)) : nothing}
    ${section(MODELS.history, history(value))}`;
}

function section(title: string, content: TemplateResult): TemplateResult {
  return html`<section class="model-section"><h4>${title}</h4>${content}</section>`;
}

function facts({
  reference,
  digest,
  tags,
  summary,
  notice,
  classes,
  mpp,
}: ModelRecord): TemplateResult {
  return html`<div class="dataset-facts">
    <h3 data-testid="model-title">${reference} <code title=${digest}>${digest.slice(0, 8)}</code>
      ${tags.map((tag) => html`<span class="tag" data-tag=${tag}>${tagWords(tag)}</span>`)}</h3>
    ${summary ? html`<p>${summary}</p>` : nothing}
    <p>${classes.map(({ name, color }) => html`<span class="class-name"><span class="tint" style="background:${color}"></span>${name}</span>`)}
      ${UNITS.micrometresPerPixel(String(mpp))}</p>
    ${notice ? html`<p class="model-notice">${notice}</p>` : nothing}
  </div>`;
}

/** Which version is used, and the reader's say in it. */
function version(model: ModelRecord, { wish }: LearnState, learn: LearnCommands): TemplateResult {
  const { reference, active, rollback, changeable } = model;
  const isActive = reference === active;
  if (!changeable) {
    return html`<p class="field-note">${MODELS.forAdministrators}</p>`;
  }
  if (wish) return confirmation(model, wish, learn);
  return html`<div class="version-buttons">
    ${
      isActive
        ? nothing
        : html`<button data-testid="promote" @click=${() => learn.wish("promote")}>${MODELS.asks(MODELS.use(reference))}</button>`
    }
    ${
      isActive && rollback
        ? html`<button data-testid="rollback" @click=${() => learn.wish("rollback")}>${MODELS.asks(MODELS.goBackTo(rollback))}</button>`
        : nothing
    }
    <span class="field-note">${isActive ? MODELS.inUse : MODELS.otherInUse(active)}</span>
  </div>`;
}

function confirmation(
  { reference, active, rollback, gate }: ModelRecord,
  { what, busy }: NonNullable<LearnState["wish"]>,
  learn: LearnCommands,
): TemplateResult {
  const next = what === "promote" ? reference : (rollback ?? "");
  const against = what === "promote" && gate !== null && !gate.promoted;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    learn.fulfil(String(new FormData(event.target as HTMLFormElement).get("why") ?? "").trim());
  };
  return html`<form class="confirmation" data-testid="confirmation" @submit=${submit}>
    <p>${MODELS.replaces(html`<strong>${next}</strong>`, html`<strong>${active ?? MODELS.none}</strong>`)}</p>
    ${
      against
        ? html`<p class="model-notice" data-testid="against-gate">${MODELS.againstGate}</p>`
        : nothing
    }
    <label class="field"><span class="field-name">${MODELS.why}</span>
      <input name="why" class="search" maxlength="1000" data-testid="why" placeholder=${MODELS.whyKept} /></label>
    <div class="version-buttons">
      <button type="submit" class="accent" data-testid="confirm" ?disabled=${busy}>${MODELS.use(next)}</button>
      <button type="button" class="quiet" @click=${() => learn.wish(null)}>${COMMON.cancel}</button>
    </div>
  </form>`;
}

function origin(state: AppState, model: ModelRecord, learn: LearnCommands): TemplateResult {
  const { reference, lineage, snapshot, patients, epochs } = model;
  const known = state.models.status === "ready" ? state.models.value : [];
  const step = (each: string) =>
    known.some((one) => one.reference === each)
      ? html`<button class="link" @click=${() => learn.show({ page: "models", of: each })}>${each}</button>`
      : html`<span title=${MODELS.notInRegistry}>${each}</span>`;
  const counted = SPLITS.flatMap((split) => {
    const count = patients[split];
    return count ? [MODELS.patients[split](count)] : [];
  });
  return html`<p data-testid="lineage" class="lineage">${
    lineage.length > 0
      ? html`<strong>${reference}</strong>${lineage.map((each) => html` ← ${step(each)}`)}`
      : MODELS.newWeights
  }</p>
  <p class="field-note">${[epochs ? COUNTS.epochs(epochs) : "", counted.length > 0 ? MODELS.patientsLine(counted.join(", ")) : ""].filter(Boolean).join(" · ")}</p>
  ${
    snapshot && maySeeDatasets(state)
      ? html`<button class="link" data-testid="model-dataset" @click=${() => learn.openDataset(snapshot)}>${MODELS.openDataset}</button>`
      : html`<p class="field-note">${snapshot ? "" : MODELS.noDataset}</p>`
  }`;
}

function gallery({ evaluation }: ModelRecord, pictures: Pick<LearnApi, "picture">): TemplateResult {
  const shown = evaluation?.gallery ?? [];
  if (shown.length === 0) return html`<p class="placeholder">${MODELS.noMistake}</p>`;
  return html`<p class="field-note">${MODELS.galleryOrder}</p>
    <ul class="error-gallery" data-testid="gallery">${shown.map(
      (
        address,
        index,
      ) => html`<li><a href=${pictures.picture(address)} target="_blank" title=${COMMON.openPicture}>
        <img src=${pictures.picture(address)} loading="lazy" alt=${MODELS.mistake(index + 1)} /></a></li>`,
    )}</ul>`;
}

function history({ history, name }: ModelRecord): TemplateResult {
  if (history.length === 0) return html`<p class="placeholder">${MODELS.noHistory}</p>`;
  return html`<ol class="model-history" data-testid="model-history">${history.map(
    ({ at, by, what, version, before, why }) => html`<li>
      <span class="when">${formatTime(at, new Date())}</span>
      <span>${MODELS.event(html`<strong>${name}@${version}</strong>`, what, by || COMMON.nobodyNamed)}${
        what === "promoted" || what === "rolled back"
          ? MODELS.inPlaceOf(before === null ? null : `${name}@${before}`)
          : ""
      }${why ? html`<span class="field-note"> ${why}</span>` : nothing}</span>
    </li>`,
  )}</ol>`;
}

function tagWords(tag: string): string {
  return MODELS.tags[tag] ?? tag;
}
