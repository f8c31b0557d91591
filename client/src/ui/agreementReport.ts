/** One report: the human ceiling, each against the others, all pairs, and where they differ. */
import { html, nothing, type TemplateResult } from "lit-html";
import { styleMap } from "lit-html/directives/style-map.js";
import type { Agreement, AgreementPerson, AgreementRegion } from "../api/agreement";
import type { LearnApi } from "../api/learn";
import { meaning, pairFigure } from "../model/agreement";
import { consensusWords } from "../model/dataset";
import { formatShare } from "../model/format";
import type { AgreementCommands } from "../state/agreeing";
import { AGREEMENT } from "../words/agreement";
import { COMMON, COUNTS } from "../words/common";
import { dice } from "./modelFigures";

/** Regions that are shown before somebody asks for the others. */
const FIRST = 6;

type Pictures = Pick<LearnApi, "picture">;

export function agreementReport(
  found: Agreement,
  className: string | null,
  commands: AgreementCommands,
  pictures: Pictures,
): TemplateResult {
  const section = (title: string, content: TemplateResult): TemplateResult =>
    html`<section class="model-section"><h4>${title}</h4>${content}</section>`;
  return html`${facts(found)}
    ${section(AGREEMENT.ceiling, ceilingTable(found))}
    ${section(AGREEMENT.contested, contested(found, commands, pictures))}
    ${section(AGREEMENT.note, matrix(found, className, commands))}
    ${section(AGREEMENT.againstOthers(consensusWords(found.against)), people(found))}`;
}

function facts({
  name,
  regions,
  annotators,
  alone,
  together,
  complaints,
}: Agreement): TemplateResult {
  const parts = [
    COUNTS.annotators(annotators.length),
    AGREEMENT.shared(regions.length),
    alone > 0 ? AGREEMENT.alone(alone) : "",
    AGREEMENT.kappaOfAll(dice(together.fleiss_kappa)),
  ];
  return html`<div class="dataset-facts">
    <h3>${name}</h3>
    <p>${parts.filter(Boolean).join(" · ")}</p>
    ${
      complaints?.length
        ? html`<details class="complaints"><summary>${COUNTS.oddities(complaints.length)}</summary>
            <ul>${complaints.map((each) => html`<li>${each}</li>`)}</ul></details>`
        : nothing
    }
  </div>`;
}

function ceilingTable({ classes, ceiling, model }: Agreement): TemplateResult {
  return html`<table class="figures" data-testid="ceiling">
      <thead><tr><th scope="col">${COMMON.class}</th><th scope="col">${AGREEMENT.peopleDice}</th>
        <th scope="col">${AGREEMENT.lowestToHighest}</th>
        <th scope="col">${model ? model.reference : COMMON.model}</th>
        <th scope="col">${AGREEMENT.whatItMeans}</th></tr></thead>
      <tbody>${classes.map(({ name }) => {
        const one = ceiling[name];
        return html`<tr>
          <th scope="row">${name}</th><td>${dice(one?.dice)}</td>
          <td>${one && one.dice !== null ? `${COMMON.range(dice(one.lowest), dice(one.highest))} · ${COUNTS.people(one.people)}` : "–"}</td>
          <td>${dice(model?.dice[name])}</td>
          <td class="meaning">${meaning(name, one, model)}</td>
        </tr>`;
      })}</tbody>
    </table>
    <p class="field-note">${AGREEMENT.aboutCeiling}</p>`;
}

function contested(
  { regions }: Agreement,
  commands: AgreementCommands,
  pictures: Pictures,
): TemplateResult {
  const cards = (
    some: readonly AgreementRegion[],
  ) => html`<ul class="contested" data-testid="contested">
    ${some.map((each) => html`<li>${card(each, commands, pictures)}</li>`)}</ul>`;
  const more = regions.slice(FIRST);
  return html`<p class="field-note">${AGREEMENT.aboutContested}</p>
    ${cards(regions.slice(0, FIRST))}
    ${
      more.length > 0
        ? html`<details><summary>${AGREEMENT.lessDisputed(more.length)}</summary>${cards(more)}</details>`
        : nothing
    }`;
}

function card(
  region: AgreementRegion,
  commands: AgreementCommands,
  pictures: Pictures,
): TemplateResult {
  const { name, slide, annotators, disputed, fleiss_kappa, picture } = region;
  const who = annotators.join(", ");
  return html`<article class="contested-card" data-testid="contested-region">
    ${
      picture
        ? html`<a href=${pictures.picture(picture)} target="_blank" title=${COMMON.openPicture}>
            <img src=${pictures.picture(picture)} loading="lazy" alt=${AGREEMENT.picture(name, who)} /></a>`
        : html`<p class="placeholder">${COMMON.pictureGone}</p>`
    }
    <p class="contested-name" title=${slide.name}>${name}</p>
    <p class="field-note"><strong>${AGREEMENT.disputed(formatShare(disputed))}</strong> · ${AGREEMENT.kappa(dice(fleiss_kappa))} · ${who}</p>
    ${
      slide.id === null
        ? html`<p class="field-note">${AGREEMENT.slideUnknown(slide.name)}</p>`
        : html`<button data-testid="go-to-contested" @click=${() => commands.goTo(region)}>${COMMON.openSlideHere}</button>`
    }
  </article>`;
}

function matrix(
  found: Agreement,
  className: string | null,
  commands: AgreementCommands,
): TemplateResult {
  const { annotators, classes, pairs } = found;
  const names = annotators.map(({ name }) => name);
  const choice = (value: string | null, text: string) => html`<button type="button"
    data-testid="measure" aria-pressed=${value === className ? "true" : "false"}
    @click=${() => commands.showClass(value)}>${text}</button>`;
  const cell = (one: string, other: string): TemplateResult => {
    if (one === other) return html`<td class="self"></td>`;
    const value = pairFigure(pairs, one, other, className);
    if (value === undefined) {
      return html`<td title=${AGREEMENT.nothingShared(one, other)}>–</td>`;
    }
    return html`<td class="shade" title=${AGREEMENT.pair(one, other)}
      style=${styleMap({ "--share": String(Math.max(0, value ?? 0)) })}>${dice(value)}</td>`;
  };
  return html`<div class="segmented split-filter" role="group" aria-label=${AGREEMENT.pairFigure}>
      ${choice(null, AGREEMENT.cohen)}
      ${classes.map(({ name }) => choice(name, AGREEMENT.diceOf(name)))}
    </div>
    <div class="matrix" tabindex="0" role="region" aria-label=${AGREEMENT.pairFigures}>
      <table class="figures" data-testid="pairs">
        <thead><tr><td></td>${names.map((name) => html`<th scope="col" title=${name}>${name}</th>`)}</tr></thead>
        <tbody>${names.map(
          (one) =>
            html`<tr><th scope="row">${one}</th>${names.map((other) => cell(one, other))}</tr>`,
        )}</tbody>
      </table>
    </div>
    <p class="field-note">${
      className === null ? AGREEMENT.aboutKappa : AGREEMENT.aboutDice(className)
    } ${AGREEMENT.bothLabelled}</p>`;
}

function people({ annotators, classes }: Agreement): TemplateResult {
  const row = ({
    name,
    role,
    rois,
    mean_dice,
    dice: figures,
    cohen_kappa,
  }: AgreementPerson) => html`<tr>
    <th scope="row">${name}</th><td>${role === "unknown" ? "–" : role}</td><td>${rois}</td><td>${dice(mean_dice)}</td>
    ${classes.map((each) => html`<td>${dice(figures[each.name])}</td>`)}<td>${dice(cohen_kappa)}</td></tr>`;
  return html`<div class="matrix" tabindex="0" role="region" aria-label=${AGREEMENT.personFigures}>
    <table class="figures" data-testid="people">
    <thead><tr><th scope="col">${AGREEMENT.annotator}</th><th scope="col">${AGREEMENT.role}</th>
      <th scope="col">${COMMON.regions}</th><th scope="col">${AGREEMENT.meanDice}</th>
      ${classes.map(({ name }) => html`<th scope="col">${name}</th>`)}<th scope="col">${AGREEMENT.kappaColumn}</th></tr></thead>
    <tbody>${annotators.map(row)}</tbody>
  </table></div>`;
}
