/** One report: the human ceiling, each against the others, all pairs, and where they differ. */
import { html, nothing, type TemplateResult } from "lit-html";
import { styleMap } from "lit-html/directives/style-map.js";
import type { Agreement, AgreementPerson, AgreementRegion } from "../api/agreement";
import type { LearnApi } from "../api/learn";
import { meaning, pairFigure } from "../model/agreement";
import { consensusWords, plural } from "../model/dataset";
import { formatShare } from "../model/format";
import type { AgreementCommands } from "../state/agreeing";
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
    ${section("How well people agree, and the model", ceilingTable(found))}
    ${section("Where they differ most", contested(found, commands, pictures))}
    ${section("Who agrees with whom", matrix(found, className, commands))}
    ${section(`Each against the others (${consensusWords(found.against)})`, people(found))}`;
}

function facts({
  name,
  regions,
  annotators,
  alone,
  together,
  complaints,
}: Agreement): TemplateResult {
  return html`<div class="dataset-facts">
    <h3>${name}</h3>
    <p>${plural(annotators.length, "annotator")} · ${plural(regions.length, "region")} that two or more
      have labelled${
        alone > 0 ? ` · ${plural(alone, "region")} of one, of which nothing can be said` : ""
      } · Fleiss’ κ of all ${dice(together.fleiss_kappa)}</p>
    ${
      complaints?.length
        ? html`<details class="complaints"><summary>${plural(complaints.length, "oddity", "oddities")} of the annotations</summary>
            <ul>${complaints.map((each) => html`<li>${each}</li>`)}</ul></details>`
        : nothing
    }
  </div>`;
}

function ceilingTable({ classes, ceiling, model }: Agreement): TemplateResult {
  return html`<table class="figures" data-testid="ceiling">
      <thead><tr><th scope="col">Class</th><th scope="col">People, Dice</th><th scope="col">Lowest to highest</th>
        <th scope="col">${model ? model.reference : "Model"}</th><th scope="col">What it means</th></tr></thead>
      <tbody>${classes.map(({ name }) => {
        const one = ceiling[name];
        return html`<tr>
          <th scope="row">${name}</th><td>${dice(one?.dice)}</td>
          <td>${one && one.dice !== null ? `${dice(one.lowest)} to ${dice(one.highest)} · ${plural(one.people, "person", "people")}` : "–"}</td>
          <td>${dice(model?.dice[name])}</td>
          <td class="meaning">${meaning(name, one, model)}</td>
        </tr>`;
      })}</tbody>
    </table>
    <p class="field-note">People: the mean over persons, each against the consensus of the others. It is the
      ceiling: with such labels for truth no model can be shown to do better. The model’s Dice is that of its
      evaluation, on other regions than these.</p>`;
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
  return html`<p class="field-note">Left the tissue; right where they differ: pale yellow where one differs from
      many, red where half do. Talk these through before more is labelled.</p>
    ${cards(regions.slice(0, FIRST))}
    ${
      more.length > 0
        ? html`<details><summary>${plural(more.length, "more region")}, less disputed</summary>${cards(more)}</details>`
        : nothing
    }`;
}

function card(
  region: AgreementRegion,
  commands: AgreementCommands,
  pictures: Pictures,
): TemplateResult {
  const { name, slide, annotators, disputed, fleiss_kappa, picture } = region;
  const alt = `${name}: the tissue, and where ${annotators.join(", ")} differ`;
  return html`<article class="contested-card" data-testid="contested-region">
    ${
      picture
        ? html`<a href=${pictures.picture(picture)} target="_blank" title="Open the picture in full size">
            <img src=${pictures.picture(picture)} loading="lazy" alt=${alt} /></a>`
        : html`<p class="placeholder">The picture is not there any more.</p>`
    }
    <p class="contested-name" title=${slide.name}>${name}</p>
    <p class="field-note"><strong>${formatShare(disputed)} disputed</strong> · Fleiss’ κ ${dice(fleiss_kappa)} · ${annotators.join(", ")}</p>
    ${
      slide.id === null
        ? html`<p class="field-note">${slide.name}; compare again to be led there.</p>`
        : html`<button data-testid="go-to-contested" @click=${() => commands.goTo(region)}>Open the slide here</button>`
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
      return html`<td title="${one} and ${other} have labelled no region both">–</td>`;
    }
    return html`<td class="shade" title="${one} and ${other}"
      style=${styleMap({ "--share": String(Math.max(0, value ?? 0)) })}>${dice(value)}</td>`;
  };
  return html`<div class="segmented split-filter" role="group" aria-label="Figure of the pairs">
      ${choice(null, "Cohen’s κ, all classes")}
      ${classes.map(({ name }) => choice(name, `Dice, ${name}`))}
    </div>
    <div class="matrix" tabindex="0" role="region" aria-label="Figures of all pairs">
      <table class="figures" data-testid="pairs">
        <thead><tr><td></td>${names.map((name) => html`<th scope="col" title=${name}>${name}</th>`)}</tr></thead>
        <tbody>${names.map(
          (one) =>
            html`<tr><th scope="row">${one}</th>${names.map((other) => cell(one, other))}</tr>`,
        )}</tbody>
      </table>
    </div>
    <p class="field-note">${
      className === null
        ? "κ is 1 where both always agree, 0 where they agree as by chance."
        : `Dice is 1 where both outline the same as ${className}, 0 where their outlines share nothing.`
    } Only pixels count that both have labelled.</p>`;
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
  return html`<div class="matrix" tabindex="0" role="region" aria-label="Figures of each annotator">
    <table class="figures" data-testid="people">
    <thead><tr><th scope="col">Annotator</th><th scope="col">Role</th><th scope="col">Regions</th><th scope="col">Mean Dice</th>
      ${classes.map(({ name }) => html`<th scope="col">${name}</th>`)}<th scope="col">κ</th></tr></thead>
    <tbody>${annotators.map(row)}</tbody>
  </table></div>`;
}
