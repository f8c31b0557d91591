/** The page of what models are trained on, above the stage: which data sets there are, and one. */
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { Dataset, DatasetList, DatasetSummary, Split } from "../api/types";
import { consensusWords, plural, SPLIT_WORDS, SPLITS, splitsLine } from "../model/dataset";
import { formatInteger, formatTime } from "../model/format";
import type { Commands } from "../state/commands";
import { maySeeDatasets } from "../state/selectors";
import type { AppState, DatasetPage } from "../state/state";
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
    ${ICONS.layers}<span>Data sets</span><span class="place-note">What the trainer sees</span>
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
      <h2 id="datasets-title" tabindex="-1">Data sets</h2>
      <p>What the trainer sees</p>
      <button class="quiet icon-only" title="Look for new data sets" aria-label="Look for new data sets"
        @click=${() => commands.refreshDatasets()}>${ICONS.refresh}</button>
      <button class="quiet icon-only" data-testid="datasets-close" title="Close (Esc)" aria-label="Close"
        @click=${() => commands.closeDatasets()}>${ICONS.cross}</button>
    </header>
    ${content(page, commands, previewUrl)}
  </main>`;
}

function content(page: DatasetPage, commands: Commands, previewUrl: PreviewUrl): TemplateResult {
  const { list, place } = page;
  if (list.status === "loading") return html`<p class="placeholder">Reading the data sets…</p>`;
  if (list.status === "failed") return problemNote(list.problem);
  if (list.value.datasets.length === 0 && place.digest === null) return nothingYet(list.value);
  return html`<div class="datasets-body" data-shows=${place.region === null ? "regions" : "region"}>
    <nav class="dataset-list" aria-label="Data sets">
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
    <p>There are no data sets yet. Make one from annotations and keep it where the service looks:</p>
    <pre><code>histoloop dataset build --source SLIDES --gtcodes GTCodes.csv --out HOME/datasets/NAME</code></pre>
    <p class="placeholder">
      SLIDES is the archive's address or a folder; HOME is the service's, ~/.histoloop where it was
      not told another. What a model is retrained on appears here by itself.
    </p>
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
  if (dataset.status === "loading") return html`<p class="placeholder">Reading the data set…</p>`;
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
    plural(patients, "patient"),
    plural(slides, "slide"),
    `split by ${split}`,
    consensusWords(consensus),
    who.length > 0 ? `drawn by ${who.join(", ")}` : "",
  ];
  return html`<div class="dataset-facts">
    <h3>${name} <code title=${digest}>${digest.slice(0, 8)}</code></h3>
    <p>${made.filter(Boolean).join(" · ")}</p>
    ${
      complaints.length > 0
        ? html`<details class="complaints" data-testid="complaints">
          <summary>${plural(complaints.length, "oddity", "oddities")} of the annotations</summary>
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
  return html`<div class="segmented split-filter" role="group" aria-label="Regions of">
    ${choice(null, "All", total)}
    ${SPLITS.map((split) => choice(split, SPLIT_WORDS[split], dataset.regions[split]))}
  </div>`;
}
