/** How far two compared views agree, in figures, and what the colours of their differences mean. */
import { html, nothing, type TemplateResult } from "lit-html";
import { styleMap } from "lit-html/directives/style-map.js";
import type { Disagreement } from "../api/types";
import { DIFFERENCES } from "../model/differences";
import { formatArea, formatShare } from "../model/format";
import { type Candidate, candidates, isSame } from "../state/comparison";
import { selectedRun } from "../state/selectors";
import type { AppState } from "../state/state";
import { COMMON } from "../words/common";
import { COMPARE, DISAGREEMENT, type Side } from "../words/compare";
import { problemNote } from "./problemNote";

export function differencePanel(state: AppState): TemplateResult | typeof nothing {
  const { comparison } = state;
  const run = selectedRun(state);
  if (!comparison || !run) return nothing;
  const other = candidates(state).find((each) => isSame(each.other, comparison.other));
  if (!other) return nothing;
  return html`<section class="panel-section" aria-labelledby="difference-title" data-testid="difference-panel">
    <h2 id="difference-title">${COMPARE.modes.difference}</h2>
    ${content(state, run.model, other)}
  </section>`;
}

function content(state: AppState, model: string, other: Candidate): TemplateResult {
  const figures = state.comparison?.figures;
  if (!figures || figures.status === "loading") {
    return html`<p class="placeholder">${COMMON.comparing}</p>`;
  }
  if (figures.status === "failed") return problemNote(figures.problem);
  const { value } = figures;
  if (value.share === null) {
    return html`<p class="placeholder">${DISAGREEMENT.nothingInCommon}</p>`;
  }
  const [left, right] = sides(model, other);
  return html`
    <p>${DISAGREEMENT.differ(formatShare(value.share))}</p>
    <ul class="legend">
      ${DIFFERENCES.map(
        ({ kind, color }) => html`<li class="legend-entry still">
          <span class="swatch" style=${styleMap({ backgroundColor: color })}></span>
          <span class="legend-name">${DISAGREEMENT.kinds[kind](left, right)}</span>
          <span class="legend-figure">${areaOf(value.areas_mm2[kind])}</span>
        </li>`,
      )}
    </ul>
    ${classTable(value, left, right)}
    <p class="field-note">${scope(state, other)}</p>
  `;
}

/** Two runs of one model are told apart by their side. */
function sides(model: string, { other, name }: Candidate): readonly [Side, Side] {
  if (other.kind === "annotation") return [DISAGREEMENT.inModel(model), DISAGREEMENT.byHand];
  return name === model
    ? [DISAGREEMENT.left, DISAGREEMENT.right]
    : [DISAGREEMENT.inModel(model), DISAGREEMENT.inModel(name)];
}

function classTable({ classes }: Disagreement, left: Side, right: Side): TemplateResult {
  return html`<table class="share-table">
    <thead><tr><th>${COMMON.class}</th><th>${left.head}</th><th>${right.head}</th><th>${COMMON.dice}</th></tr></thead>
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

function areaOf(mm2: number | null): string {
  return mm2 === null ? "–" : formatArea(mm2);
}

function scope({ overlay }: AppState, { other }: Candidate): string {
  const threshold = overlay.threshold.toFixed(2);
  return other.kind === "run"
    ? DISAGREEMENT.betweenRuns(threshold)
    : DISAGREEMENT.withDrawing(threshold);
}
