/** What a job is doing, or why it came to nothing. */
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import type { Job } from "../api/types";
import { fixed, formatDuration, formatEta, secondsBetween } from "../model/format";
import { activity, fraction, hasEnded, putAwayWords } from "../model/jobs";
import type { Commands } from "../state/commands";
import { openDetail, selectedRun, shownJob } from "../state/selectors";
import type { AppState } from "../state/state";
import { COMMON } from "../words/common";
import { JOBS } from "../words/jobs";
import { formatInteger } from "../words/language";
import { UNITS } from "../words/units";
import { problemNote } from "./problemNote";

export function jobCard(state: AppState, commands: Commands): TemplateResult | typeof nothing {
  const job = shownJob(state);
  if (!job) return nothing;
  return html`<section class="panel-section job-card" data-state=${job.state} aria-label=${JOBS.job}>
    <div class="job-head">
      <span class="job-state" data-testid="job-state" data-state=${job.state} aria-live="polite"
        >${activity(job)}</span>
      ${hasEnded(job) ? outcome(job) : cancelButton(job, commands)}
    </div>
    ${hasEnded(job) ? nothing : progress(job)} ${failure(job, commands)} ${absence(job, commands)}
    ${keeping(state, job, commands)}
  </section>`;
}

function absence(job: Job, commands: Commands): TemplateResult | typeof nothing {
  if (!job.put_away) return nothing;
  return html`<p class="away-note" data-testid="job-away">${putAwayWords(job.put_away)}</p>
    ${job.failure ? nothing : againButton(job, commands)}`;
}

/** Of a run that is there; who may only look does not decide what stays. */
function keeping(state: AppState, job: Job, commands: Commands): TemplateResult | typeof nothing {
  const run = selectedRun(state);
  if (run?.id !== job.run || !hasEnded(job) || !openDetail(state)?.editable) return nothing;
  return html`<label class="toggle" title=${JOBS.keepTitle}>
    <input type="checkbox" data-testid="keep-run" .checked=${live(Boolean(run.kept))}
      @change=${(event: Event) =>
        commands.keepRun(run.id, (event.target as HTMLInputElement).checked)} />
    <span>${JOBS.keep}${run.kept?.by ? html` <span class="fact">(${run.kept.by})</span>` : nothing}</span>
  </label>`;
}

function cancelButton(job: Job, commands: Commands): TemplateResult {
  return html`<button class="quiet" data-testid="cancel-button" @click=${() => commands.cancel(job.id)}>
    ${COMMON.cancel}
  </button>`;
}

function progress(job: Job): TemplateResult {
  const share = fraction(job);
  // Without a value the element shows that something goes on, which is all that is known.
  const bar =
    share === null
      ? html`<progress data-testid="job-progress" max="1" aria-label=${COMMON.progress}></progress>`
      : html`<progress data-testid="job-progress" max="1" .value=${share} aria-label=${COMMON.progress}></progress>`;
  return html`${bar}<p class="job-figures">${figures(job).join("  ·  ")}</p>`;
}

function figures({ progress: { done, total, tiles_per_s, eta_s } }: Job): string[] {
  const parts: string[] = [];
  if (total > 0) parts.push(JOBS.tiles(formatInteger(done), formatInteger(total)));
  if (tiles_per_s) parts.push(UNITS.tilesPerSecond(fixed(tiles_per_s)));
  if (eta_s !== null && total > done) parts.push(formatEta(eta_s));
  return parts;
}

function outcome({ started, finished, progress: { done, total } }: Job): TemplateResult {
  const tiles = total > 0 ? JOBS.tiles(formatInteger(done), formatInteger(total)) : "";
  const time = started && finished ? formatDuration(secondsBetween(started, finished)) : "";
  return html`<span class="job-figures">${tiles && time ? JOBS.within(tiles, time) : tiles || time}</span>`;
}

function failure(job: Job, commands: Commands): TemplateResult | typeof nothing {
  const { failure: reason } = job;
  if (!reason) return nothing;
  return html`${problemNote({ detail: reason.cause, hint: reason.hint })}
    ${againButton(job, commands)}`;
}

function againButton(job: Job, commands: Commands): TemplateResult {
  const title = job.put_away ? JOBS.againAnew : JOBS.againOn;
  return html`<button data-testid="retry-button" title=${title}
    @click=${() => commands.retry(job.id)}>${JOBS.again}</button>`;
}
