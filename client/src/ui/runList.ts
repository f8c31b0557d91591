/** Earlier runs of the open slide, newest first. */
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { Run } from "../api/types";
import { formatTime } from "../model/format";
import { STATE_WORDS } from "../model/jobs";
import type { Commands } from "../state/commands";
import { suggestedOther } from "../state/comparison";
import { jobOfRun, putAway } from "../state/selectors";
import type { AppState, OpenSlide } from "../state/state";

export function runList(state: AppState, commands: Commands): TemplateResult {
  const { slide } = state;
  return html`<section class="panel-section" aria-labelledby="runs-title">
    <div class="section-head">
      <h2 id="runs-title">Runs</h2>
      ${slide?.runs?.length ? compareButton(state, commands) : nothing}
    </div>
    ${slide ? content(state, slide, commands) : html`<p class="placeholder">No slide is open.</p>`}
  </section>`;
}

function compareButton(state: AppState, commands: Commands): TemplateResult {
  const other = suggestedOther(state);
  const title = other
    ? "Lay the run on show beside another one, or beside what a person drew"
    : "There is nothing to compare with yet: segment again with another model, or draw";
  return html`<button class="quiet" data-testid="compare-button" title=${title}
    ?disabled=${!other || state.comparison !== null}
    @click=${() => commands.compare(null)}>Compare…</button>`;
}

function content(state: AppState, { runs, runId }: OpenSlide, commands: Commands): TemplateResult {
  if (!runs) return html`<p class="placeholder">Reading earlier runs…</p>`;
  if (runs.length === 0) {
    return html`<p class="placeholder">This slide has not been segmented yet.</p>`;
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
    <span class="run-model">${run.model}${run.roi ? html` <span class="chip">region</span>` : ""}</span>
    <span class="run-state" data-state=${gone ? "away" : runState}>${gone ? "Put away" : STATE_WORDS[runState]}</span>
    <span class="run-time">${time}${run.kept ? " · kept" : ""}</span>
  </button>`;
}
