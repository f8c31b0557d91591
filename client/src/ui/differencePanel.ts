/** How far two compared views agree, in figures, and what the colours of their differences mean. */
import { html, nothing, type TemplateResult } from "lit-html";
import { styleMap } from "lit-html/directives/style-map.js";
import type { Disagreement } from "../api/types";
import { DIFFERENCES } from "../model/differences";
import { formatArea, formatShare } from "../model/format";
import { type Candidate, candidates, isSame } from "../state/comparison";
import { selectedRun } from "../state/selectors";
import type { AppState } from "../state/state";
import { problemNote } from "./problemNote";

export function differencePanel(state: AppState): TemplateResult | typeof nothing {
  const { comparison } = state;
  const run = selectedRun(state);
  if (!comparison || !run) return nothing;
  const other = candidates(state).find((each) => isSame(each.other, comparison.other));
  if (!other) return nothing;
  return html`<section class="panel-section" aria-labelledby="difference-title" data-testid="difference-panel">
    <h2 id="difference-title">Differences</h2>
    ${content(state, run.model, other)}
  </section>`;
}

function content(state: AppState, model: string, other: Candidate): TemplateResult {
  const figures = state.comparison?.figures;
  if (!figures || figures.status === "loading") {
    return html`<p class="placeholder">Comparing…</p>`;
  }
  if (figures.status === "failed") return problemNote(figures.problem);
  const { value } = figures;
  if (value.share === null) {
    return html`<p class="placeholder">Both have no place in common: there is nothing to compare.</p>`;
  }
  const [left, right] = sides(model, other);
  const texts = {
    only_this: `a class only ${left}`,
    only_other: `a class only ${right}`,
    other_class: "another class on either side",
  };
  return html`
    <p>They differ on ${formatShare(value.share)} of what both speak of.</p>
    <ul class="legend">
      ${DIFFERENCES.map(
        ({ kind, color }) => html`<li class="legend-entry still">
          <span class="swatch" style=${styleMap({ backgroundColor: color })}></span>
          <span class="legend-name">${texts[kind]}</span>
          <span class="legend-figure">${areaOf(value.areas_mm2[kind])}</span>
        </li>`,
      )}
    </ul>
    ${classTable(value, left, right)}
    <p class="field-note">${scope(state, other)} Dice: 1 where both are the same.</p>
  `;
}

/** Two runs of one model are told apart by their side. */
function sides(model: string, { other, name }: Candidate): readonly [string, string] {
  if (other.kind === "annotation") return [`in ${model}`, "drawn by hand"];
  return name === model ? ["on the left", "on the right"] : [`in ${model}`, `in ${name}`];
}

function classTable({ classes }: Disagreement, left: string, right: string): TemplateResult {
  return html`<table class="share-table">
    <thead><tr><th>Class</th><th>${bare(left)}</th><th>${bare(right)}</th><th>Dice</th></tr></thead>
    <tbody>
      ${classes.map(
        (each) => html`<tr>
          <td>${each.name}</td>
          <td class="legend-figure">${areaOf(each.this_mm2)}</td>
          <td class="legend-figure">${areaOf(each.other_mm2)}</td>
          <td class="legend-figure">${each.dice === null ? "–" : each.dice.toFixed(2)}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

function bare(side: string): string {
  return side.replace(/^(in|on the|drawn) /, "");
}

function areaOf(mm2: number | null): string {
  return mm2 === null ? "–" : formatArea(mm2);
}

function scope({ overlay }: AppState, { other }: Candidate): string {
  const at = `At threshold ${overlay.threshold.toFixed(2)},`;
  return other.kind === "run"
    ? `${at} where both runs looked.`
    : `${at} within the “roi” outlines of the annotation, or else the box around what was drawn.`;
}
