/** The regions of a data set: all of a split as cards, or one on its own. */
import { html, nothing, type TemplateResult } from "lit-html";
import { keyed } from "lit-html/directives/keyed.js";
import { repeat } from "lit-html/directives/repeat.js";
import { styleMap } from "lit-html/directives/style-map.js";
import type { Dataset, DatasetRegion } from "../api/types";
import { consensusWords, extentWords, type Share, sharesOf } from "../model/dataset";
import { formatShare } from "../model/format";
import type { Commands } from "../state/commands";
import { neighbour, regionsOf, shownRegion } from "../state/datasetPage";
import type { DatasetPage } from "../state/state";
import { COMMON } from "../words/common";
import { DATASET_REGION, SPLIT_NAMES } from "../words/datasets";
import { formatInteger } from "../words/language";
import { UNITS } from "../words/units";
import { datasetLegend } from "./datasetLegend";
import { ICONS } from "./icons";
import { problemNote } from "./problemNote";

export type PreviewUrl = (digest: string, region: string) => string;

export function regionCards(
  page: DatasetPage,
  dataset: Dataset,
  commands: Commands,
  previewUrl: PreviewUrl,
): TemplateResult {
  return html`<ul class="region-cards">
    ${repeat(
      regionsOf(page),
      ({ name }) => name,
      (each) => html`<li>
        <button class="region-card" data-testid="region-card" data-region=${each.name}
          @click=${() => commands.changeDatasets({ region: each.name })}>
          ${picture(each, dataset, previewUrl, "lazy")}
          <span class="region-name">${each.name}</span>
          <span class="run-time">${DATASET_REGION.card(each.split, each.patient)}</span>
          ${shareBar(sharesOf(each, dataset))}
        </button>
      </li>`,
    )}
  </ul>`;
}

export function regionView(
  page: DatasetPage,
  dataset: Dataset,
  commands: Commands,
  previewUrl: PreviewUrl,
): TemplateResult {
  const region = shownRegion(page);
  const back = html`<button class="quiet" data-testid="all-regions"
    @click=${() => commands.changeDatasets({ region: null })}>${ICONS.back} ${DATASET_REGION.all}</button>`;
  if (!region) {
    const detail = DATASET_REGION.unknown(page.place.region);
    return html`<div class="region-bar">${back}</div>${problemNote({ detail, hint: null })}`;
  }
  return html`<div class="region-bar">
      ${back}
      <h3 title=${region.name}>${region.name}</h3>
      ${turn(page, -1, DATASET_REGION.previous, commands)} ${turn(page, 1, DATASET_REGION.next, commands)}
    </div>
    <div class="region-sides">
      <span>${COMMON.slide}</span>
      <span>${region.split === "test" ? DATASET_REGION.testedAgainst : DATASET_REGION.taughtOfIt}</span>
    </div>
    <a class="region-picture" href=${previewUrl(dataset.digest, region.name)} target="_blank"
      title=${COMMON.openPicture}>
      ${keyed(region.name, picture(region, dataset, previewUrl, "eager"))}
    </a>
    ${datasetLegend(dataset)}
    <div class="region-below">
      ${shareTable(sharesOf(region, dataset))} ${regionFacts(region)}
      ${way(page, region, commands)}
    </div>`;
}

function turn(page: DatasetPage, step: 1 | -1, text: string, commands: Commands): TemplateResult {
  const key = step > 0 ? "→" : "←";
  return html`<button class="quiet icon-only" title="${text} (${key})" aria-label=${text}
    ?disabled=${neighbour(page, step) === null} @click=${() => commands.turnRegion(step)}>
    ${step > 0 ? ICONS.forward : ICONS.back}</button>`;
}

function picture(
  region: DatasetRegion,
  dataset: Dataset,
  previewUrl: PreviewUrl,
  loading: "lazy" | "eager",
): TemplateResult {
  const [width, height] = region.size;
  const shares = sharesOf(region, dataset).map(
    ({ name, share }) => `${name} ${formatShare(share)}`,
  );
  const alt = DATASET_REGION.picture(shares.join(", "));
  const missing = (event: Event): void => {
    (event.target as HTMLElement).parentElement?.classList.add("missing");
  };
  return html`<span class="preview" style=${styleMap({ "aspect-ratio": `${2 * width} / ${height}` })}>
    <img src=${previewUrl(dataset.digest, region.name)} alt=${alt} loading=${loading} @error=${missing} />
    <span class="preview-missing">${COMMON.pictureGone} ${DATASET_REGION.buildAgain}</span>
  </span>`;
}

function shareBar(shares: readonly Share[]): TemplateResult {
  return html`<span class="share-bar">
    ${shares.map(({ share, name, color, ignored }) =>
      share > 0
        ? html`<span class=${ignored ? "tint ignored" : "tint"} title="${name} ${formatShare(share)}"
            style=${styleMap({ "flex-grow": String(share), ...(color && { backgroundColor: color }) })}></span>`
        : nothing,
    )}
  </span>`;
}

function shareTable(shares: readonly Share[]): TemplateResult {
  return html`<table class="share-table" aria-label=${DATASET_REGION.taught}>
    ${shares.map(
      ({ name, color, ignored, share }) => html`<tr>
        <td><span class=${ignored ? "tint ignored" : "tint"}
          style=${color ? styleMap({ backgroundColor: color }) : ""}></span></td>
        <th scope="row">${name}</th>
        <td class="legend-figure">${formatShare(share)}</td>
      </tr>`,
    )}
  </table>`;
}

function regionFacts(region: DatasetRegion): TemplateResult {
  const { split, slide, patient, consensus, annotators, corrected } = region;
  const row = (name: string, value: string) => html`<dt>${name}</dt><dd>${value}</dd>`;
  return html`<dl class="region-facts">
    ${row(DATASET_REGION.split, SPLIT_NAMES[split])} ${row(COMMON.slide, slide.name)}
    ${row(COMMON.patient, patient)} ${row(DATASET_REGION.extentFact, extentWords(region))}
    ${row(COMMON.annotators, annotators.filter(Boolean).join(", ") || DATASET_REGION.nobodyNamed)}
    ${annotators.length > 1 ? row(DATASET_REGION.consensus, consensusWords(consensus)) : nothing}
    ${corrected > 0 ? row(COMMON.corrected, DATASET_REGION.correctedPixels(UNITS.pixels(formatInteger(corrected)))) : nothing}
  </dl>`;
}

/** To the slide itself, and whether it is still the one that this was taught from. */
function way({ slide }: DatasetPage, region: DatasetRegion, commands: Commands): TemplateResult {
  const { fingerprint } = region.slide;
  const changed = slide.status === "ready" && slide.value.fingerprint !== fingerprint;
  return html`<div class="region-way">
    <button data-testid="go-to-region" ?disabled=${slide.status !== "ready"}
      @click=${() => commands.goToRegion(region)}>${COMMON.openSlideHere}</button>
    ${slide.status === "failed" ? problemNote(slide.problem) : nothing}
    ${
      changed
        ? html`<p class="model-notice" role="alert" data-testid="slide-changed">${DATASET_REGION.slideChanged}</p>`
        : nothing
    }
  </div>`;
}
