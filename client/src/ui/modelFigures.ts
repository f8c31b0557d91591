/** How good a version is: against the one before it, class by class, slide by slide. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { GateDecision, ModelEvaluation, ModelRecord } from "../api/learn";
import { formatTime } from "../model/format";
import { capitalised } from "../model/retraining";
import { COMMON, COUNTS } from "../words/common";
import { EVALUATION, GATE } from "../words/models";

export function gateSection({ gate, reference }: ModelRecord): TemplateResult {
  if (!gate) {
    return html`<p class="placeholder" data-testid="no-gate">${GATE.notAsked(reference)}</p>`;
  }
  const { headline, promoted, caveats, margin, at } = gate;
  return html`<p class="verdict" data-testid="gate-verdict" data-outcome=${promoted ? "promoted" : "kept"}>
      ${capitalised(headline)}</p>
    <p class="field-note">${formatTime(at, new Date())} · ${GATE.margin(margin)}</p>
    ${gateTable(gate)} ${caveats.map((each) => html`<p class="field-note">${capitalised(each)}</p>`)}`;
}

function gateTable({ classes, active, challenger }: GateDecision): TemplateResult {
  return html`<table class="figures">
    <thead><tr><th>${COMMON.class}</th><th>${active}</th><th>${challenger}</th><th>${GATE.difference}</th>
      <th>${GATE.interval}</th><th>${GATE.patients}</th></tr></thead>
    <tbody>${classes.map(({ name, mean, interval, patients, reason }) => {
      const difference = mean && mean.challenger - mean.active;
      return html`<tr data-bad=${reason ? "" : nothing}>
        <th scope="row">${name}</th><td>${dice(mean?.active)}</td><td>${dice(mean?.challenger)}</td>
        <td>${difference === null ? "–" : signed(difference)}</td>
        <td>${interval ? COMMON.range(signed(interval.low), signed(interval.high)) : GATE.tooFewPatients}</td>
        <td>${patients}</td>
      </tr>`;
    })}</tbody>
  </table>`;
}

export function evaluationSection(model: ModelRecord): TemplateResult {
  const { evaluation, limited, reference, name, version } = model;
  if (limited) {
    return html`<p class="placeholder">${EVALUATION.limited}</p>`;
  }
  if (!evaluation) {
    return html`<div data-testid="no-evaluation">
      <p class="placeholder">${EVALUATION.none(reference)}</p>
      <pre class="command"><code>${EVALUATION.command(reference, name, version)}</code></pre>
    </div>`;
  }
  const { slides, patients, made } = evaluation;
  const extent = EVALUATION.extent(COUNTS.slides(slides.length), COUNTS.patients(patients));
  return html`${evaluation.warnings.map((each) => html`<p class="model-notice">${each}</p>`)}
    <p class="field-note">${extent} · ${formatTime(made, new Date())}</p>
    ${classTable(model, evaluation)} ${slideTable(evaluation)}`;
}

function classTable({ ceiling }: ModelRecord, { classes }: ModelEvaluation): TemplateResult {
  return html`<table class="figures" data-testid="class-figures">
    <thead><tr><th>${COMMON.class}</th><th>${COMMON.dice}</th><th>${GATE.interval}</th>
      <th>${EVALUATION.meanBySlide}</th><th>${EVALUATION.worstSlide}</th><th>${COMMON.people}</th></tr></thead>
    <tbody>${classes.map(({ name, pooled, dice_interval, mean_dice, worst }) => {
      const people = ceiling?.classes[name];
      return html`<tr>
        <th scope="row">${name}</th><td>${dice(pooled.dice)}</td>
        <td>${dice_interval.words}</td><td>${dice(mean_dice)}</td>
        <td title=${worst?.name ?? ""}>${dice(worst?.dice)}</td>
        <td title=${people ? EVALUATION.againstOthers(COUNTS.people(people.people)) : ""}>${dice(people?.dice)}</td>
      </tr>`;
    })}</tbody>
  </table>
  <p class="field-note">${
    ceiling ? EVALUATION.people(ceiling.agreement) : EVALUATION.peopleUnknown
  }</p>`;
}

function slideTable({ slides, classes }: ModelEvaluation): TemplateResult {
  const names = classes.map(({ name }) => name);
  return html`<table class="figures" data-testid="slide-figures">
    <thead><tr><th>${COMMON.slide}</th><th>${COMMON.patient}</th>${names.map((name) => html`<th>${name}</th>`)}</tr></thead>
    <tbody>${slides.map(
      (each) => html`<tr>
        <th scope="row" title=${each.name}>${each.name}</th>
        <td>${each.patient}${each.seen_in ? html` <span class="tag caution">${EVALUATION.seenInTraining}</span>` : nothing}</td>
        ${names.map((name) => html`<td>${diceBar(each.dice[name])}</td>`)}
      </tr>`,
    )}</tbody>
  </table>`;
}

function diceBar(value: number | null | undefined): TemplateResult {
  return html`<span class="dice-bar"><span style="width:${100 * (value ?? 0)}%"></span></span> ${dice(value)}`;
}

export function dice(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : value.toFixed(3);
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}
