/** How good a version is: against the one before it, class by class, slide by slide. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { GateDecision, ModelEvaluation, ModelRecord } from "../api/learn";
import { plural } from "../model/dataset";
import { formatTime } from "../model/format";
import { capitalised } from "../model/retraining";

export function gateSection({ gate, reference }: ModelRecord): TemplateResult {
  if (!gate) {
    return html`<p class="placeholder" data-testid="no-gate">The gate was not asked about ${reference}: it
      speaks about versions that come out of a retraining.</p>`;
  }
  const { headline, promoted, caveats, margin, at } = gate;
  return html`<p class="verdict" data-testid="gate-verdict" data-outcome=${promoted ? "promoted" : "kept"}>
      ${capitalised(headline)}</p>
    <p class="field-note">${formatTime(at, new Date())} · a class may lose ${margin} Dice on the locked test</p>
    ${gateTable(gate)} ${caveats.map((each) => html`<p class="field-note">${capitalised(each)}</p>`)}`;
}

function gateTable({ classes, active, challenger }: GateDecision): TemplateResult {
  return html`<table class="figures">
    <thead><tr><th>Class</th><th>${active}</th><th>${challenger}</th><th>Difference</th>
      <th>95 % of it</th><th>Patients</th></tr></thead>
    <tbody>${classes.map(({ name, mean, interval, patients, reason }) => {
      const difference = mean && mean.challenger - mean.active;
      return html`<tr data-bad=${reason ? "" : nothing}>
        <th scope="row">${name}</th><td>${dice(mean?.active)}</td><td>${dice(mean?.challenger)}</td>
        <td>${difference === null ? "–" : signed(difference)}</td>
        <td>${interval ? `${signed(interval.low)} to ${signed(interval.high)}` : "too few patients"}</td>
        <td>${patients}</td>
      </tr>`;
    })}</tbody>
  </table>`;
}

export function evaluationSection(model: ModelRecord): TemplateResult {
  const { evaluation, limited, reference, name, version } = model;
  if (limited) {
    return html`<p class="placeholder">Figures by slide are for administrators of the archive: they
      name slides of every folder.</p>`;
  }
  if (!evaluation) {
    return html`<div data-testid="no-evaluation">
      <p class="placeholder">Nobody has evaluated ${reference} here. The gate does, of every retraining;
        or do it yourself:</p>
      <pre class="command"><code>histoloop evaluate --model ${reference} --data DATA --out HOME/registry/${name}/evaluation/${version}</code></pre>
    </div>`;
  }
  return html`${evaluation.warnings.map((each) => html`<p class="model-notice">${each}</p>`)}
    <p class="field-note">${plural(evaluation.slides.length, "slide")} of
      ${plural(evaluation.patients, "patient")} · ${formatTime(evaluation.made, new Date())}</p>
    ${classTable(model, evaluation)} ${slideTable(evaluation)}`;
}

function classTable({ ceiling }: ModelRecord, { classes }: ModelEvaluation): TemplateResult {
  return html`<table class="figures" data-testid="class-figures">
    <thead><tr><th>Class</th><th>Dice</th><th>95 % of it</th><th>Mean by slide</th><th>Worst slide</th>
      <th>People</th></tr></thead>
    <tbody>${classes.map(({ name, pooled, dice_interval, mean_dice, worst }) => {
      const people = ceiling?.classes[name];
      return html`<tr>
        <th scope="row">${name}</th><td>${dice(pooled.dice)}</td>
        <td>${dice_interval.words}</td><td>${dice(mean_dice)}</td>
        <td title=${worst?.name ?? ""}>${dice(worst?.dice)}</td>
        <td title=${people ? `${plural(people.people, "person", "people")} against the others` : ""}>${dice(people?.dice)}</td>
      </tr>`;
    })}</tbody>
  </table>
  <p class="field-note">${
    ceiling
      ? `People: how well people agree with each other (${ceiling.agreement}). With this truth no model can be shown to do better.`
      : "How well people agree is not known here: the page Agreement finds out."
  }</p>`;
}

function slideTable({ slides, classes }: ModelEvaluation): TemplateResult {
  const names = classes.map(({ name }) => name);
  return html`<table class="figures" data-testid="slide-figures">
    <thead><tr><th>Slide</th><th>Patient</th>${names.map((name) => html`<th>${name}</th>`)}</tr></thead>
    <tbody>${slides.map(
      (each) => html`<tr>
        <th scope="row" title=${each.name}>${each.name}</th>
        <td>${each.patient}${each.seen_in ? html` <span class="tag caution">seen in training</span>` : nothing}</td>
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
