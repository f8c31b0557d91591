/** Earlier runs of the open slide, newest first. */
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { Run } from "../api/types";
import { formatTime } from "../model/format";
import type { Commands } from "../state/commands";
import { suggestedOther } from "../state/comparison";
import { jobOfRun, putAway } from "../state/selectors";
import type { AppState, OpenSlide } from "../state/state";
import { COMMON } from "../words/common";
import { JOB_STATES } from "../words/jobs";
import { RUNS } from "../words/prediction";

export function runList(state: AppState, commands: Commands): TemplateResult {
  const { slide } = state;
  return html`<section class="panel-section" aria-labelledby="runs-title">
    <div class="section-head">
      <h2 id="runs-title">${RUNS.title}</h2>
      ${slide?.runs?.length ? compareButton(state, commands) : nothing}
    </div>
    ${slide ? content(state, slide, commands) : html`<p class="placeholder">${RUNS.noSlide}</p>`}
  </section>`;
}

function compareButton(state: AppState, commands: Commands): TemplateResult {
  const other = suggestedOther(state);
  const title = other ? RUNS.compareTitle : RUNS.nothingToCompare;
  return html`<button class="quiet" data-testid="compare-button" title=${title}
    ?disabled=${!other || state.comparison !== null}
    @click=${() => commands.compare(null)}>${RUNS.compare}</button>`;
}

function content(state: AppState, { runs, runId }: OpenSlide, commands: Commands): TemplateResult {
  if (!runs) return html`<p class="placeholder">${RUNS.loading}</p>`;
  if (runs.length === 0) {
    return html`<p class="placeholder">${RUNS.none}</p>`;
  }
  return html`<ul class="run-list">
    ${repeat(
      runs,
      ({ id }) => id,
      (run) => html`<li>${entry(run, run.id === runId, state, commands)}</li>`,
    )}
  </ul>`;
}

function entry(run: Run, isShown: boolean, state: AppState, commands: Commands): TemplateResult {
  const job = jobOfRun(state, run);
  // A job's events are ahead of what was read of its run.
  const runState = job?.state ?? run.state;
  const gone = putAway(state, run);
  const created = run.created ?? job?.created;
  const time = created ? formatTime(created, new Date()) : "";
  return html`<button class="run-item" data-testid="run-item" data-run=${run.id}
    aria-current=${isShown ? "true" : "false"} @click=${() => commands.selectRun(run.id)}>
    <span class="run-model">${run.model}${run.roi ? html` <span class="chip">${COMMON.partOnly}</span>` : ""}</span>
    <span class="run-state" data-state=${gone ? "away" : runState}>${gone ? RUNS.putAway : JOB_STATES[runState]}</span>
    <span class="run-time">${time}${run.kept ? ` · ${RUNS.kept}` : ""}</span>
  </button>`;
}
