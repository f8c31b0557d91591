/** The page of what models are trained on, above the stage: which data sets there are, and one. */
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { Dataset, DatasetList, DatasetSummary, Split } from "../api/types";
import { consensusWords, SPLITS, splitsLine } from "../model/dataset";
import { formatTime } from "../model/format";
import type { Commands } from "../state/commands";
import { maySeeDatasets } from "../state/selectors";
import type { AppState, DatasetPage } from "../state/state";
import { COMMON, COUNTS } from "../words/common";
import { DATASETS, SPLIT_NAMES } from "../words/datasets";
import { formatInteger } from "../words/language";
import { datasetLegend } from "./datasetLegend";
import { type PreviewUrl, regionCards, regionView } from "./datasetRegions";
import { ICONS } from "./icons";
import { problemNote } from "./problemNote";

/** Opens the page; in the rail. */
export function datasetsLink(state: AppState, commands: Commands): TemplateResult | typeof nothing {
  if (!maySeeDatasets(state)) return nothing;
  return html`<button class="place" id="datasets-button" data-testid="datasets-button"
    aria-expanded=${state.datasets ? "true" : "false"}
    @click=${() => (state.datasets ? commands.closeDatasets() : commands.openDatasets(null))}>
    ${ICONS.layers}<span>${DATASETS.title}</span><span class="place-note">${DATASETS.note}</span>
  </button>`;
}

export function datasetPage(
  { datasets: page }: AppState,
  commands: Commands,
  previewUrl: PreviewUrl,
): TemplateResult | typeof nothing {
  if (!page) return nothing;
  return html`<main class="datasets" data-testid="datasets" aria-labelledby="datasets-title">
    <header class="datasets-head">
      <h2 id="datasets-title" tabindex="-1">${DATASETS.title}</h2>
      <p>${DATASETS.note}</p>
      <button class="quiet icon-only" title=${DATASETS.look} aria-label=${DATASETS.look}
        @click=${() => commands.refreshDatasets()}>${ICONS.refresh}</button>
      <button class="quiet icon-only" data-testid="datasets-close" title=${COMMON.closeByKey} aria-label=${COMMON.close}
        @click=${() => commands.closeDatasets()}>${ICONS.cross}</button>
    </header>
    ${content(page, commands, previewUrl)}
  </main>`;
}

function content(page: DatasetPage, commands: Commands, previewUrl: PreviewUrl): TemplateResult {
  const { list, place } = page;
  if (list.status === "loading") return html`<p class="placeholder">${DATASETS.loading}</p>`;
  if (list.status === "failed") return problemNote(list.problem);
  if (list.value.datasets.length === 0 && place.digest === null) return nothingYet(list.value);
  return html`<div class="datasets-body" data-shows=${place.region === null ? "regions" : "region"}>
    <nav class="dataset-list" aria-label=${DATASETS.title}>
      <ul>
        ${repeat(
          list.value.datasets,
          ({ digest }) => digest,
          (each) => html`<li>${entry(each, each.digest === place.digest, commands)}</li>`,
        )}
      </ul>
      ${list.value.broken.map(problemNote)}
    </nav>
    <div class="dataset">${chosen(page, commands, previewUrl)}</div>
  </div>`;
}

function nothingYet({ broken }: DatasetList): TemplateResult {
  return html`<div class="datasets-empty" data-testid="datasets-empty">
    <p>${DATASETS.none}</p>
    <pre><code>${DATASETS.command}</code></pre>
    <p class="placeholder">${DATASETS.aboutCommand}</p>
    ${broken.map(problemNote)}
  </div>`;
}

function entry(one: DatasetSummary, isShown: boolean, commands: Commands): TemplateResult {
  return html`<button class="run-item" data-testid="dataset-item" data-digest=${one.digest}
    aria-current=${isShown ? "true" : "false"}
    @click=${() => commands.changeDatasets({ digest: one.digest, region: null })}>
    <span class="slide-name">${one.name}</span>
    <span class="run-time">${formatTime(one.made, new Date())}</span>
    <span class="run-time">${splitsLine(one)}</span>
  </button>`;
}

function chosen(page: DatasetPage, commands: Commands, previewUrl: PreviewUrl): TemplateResult {
  const { dataset, place } = page;
  if (dataset.status === "loading") return html`<p class="placeholder">${DATASETS.loadingOne}</p>`;
  if (dataset.status === "failed") return problemNote(dataset.problem);
  const { value } = dataset;
  if (place.region !== null) return regionView(page, value, commands, previewUrl);
  return html`${facts(value)} ${datasetLegend(value)} ${splitFilter(page, value, commands)}
    ${regionCards(page, value, commands, previewUrl)}`;
}

function facts(dataset: Dataset): TemplateResult {
  const { name, digest, patients, slides, consensus, split, annotators, complaints } = dataset;
  const who = annotators.filter(Boolean);
  const made = [
    COUNTS.patients(patients),
    COUNTS.slides(slides),
    DATASETS.splitBy(split),
    consensusWords(consensus),
    who.length > 0 ? COMMON.drawnBy(who.join(", ")) : "",
  ];
  return html`<div class="dataset-facts">
    <h3>${name} <code title=${digest}>${digest.slice(0, 8)}</code></h3>
    <p>${made.filter(Boolean).join(" · ")}</p>
    ${
      complaints.length > 0
        ? html`<details class="complaints" data-testid="complaints">
          <summary>${COUNTS.oddities(complaints.length)}</summary>
          <ul>${complaints.map((each) => html`<li>${each}</li>`)}</ul>
        </details>`
        : nothing
    }
  </div>`;
}

function splitFilter({ place }: DatasetPage, dataset: Dataset, commands: Commands): TemplateResult {
  const total = dataset.rois.length;
  const choice = (split: Split | null, text: string, count: number) => html`<button type="button"
    data-testid="split-${split ?? "all"}" aria-pressed=${split === place.split ? "true" : "false"}
    ?disabled=${count === 0} @click=${() => commands.changeDatasets({ split })}
  >${text} <span class="split-count">${formatInteger(count)}</span></button>`;
  return html`<div class="segmented split-filter" role="group" aria-label=${DATASETS.regionsOf}>
    ${choice(null, COMMON.all, total)}
    ${SPLITS.map((split) => choice(split, SPLIT_NAMES[split], dataset.regions[split]))}
  </div>`;
}
