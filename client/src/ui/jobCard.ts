/** What a job is doing, or why it came to nothing. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { Job } from "../api/types";
import { fixed, formatDuration, formatEta, formatInteger, secondsBetween } from "../model/format";
import { activity, fraction, hasEnded } from "../model/jobs";
import type { Commands } from "../state/commands";
import { shownJob } from "../state/selectors";
import type { AppState } from "../state/state";
import { problemNote } from "./problemNote";

export function jobCard(state: AppState, commands: Commands): TemplateResult | typeof nothing {
  const job = shownJob(state);
  if (!job) return nothing;
  return html`<section class="panel-section job-card" data-state=${job.state} aria-label="Job">
    <div class="job-head">
      <span class="job-state" data-testid="job-state" data-state=${job.state} aria-live="polite"
        >${activity(job)}</span>
      ${hasEnded(job) ? outcome(job) : cancelButton(job, commands)}
    </div>
    ${hasEnded(job) ? nothing : progress(job)} ${failure(job, commands)}
  </section>`;
}

function cancelButton(job: Job, commands: Commands): TemplateResult {
  return html`<button class="quiet" data-testid="cancel-button" @click=${() => commands.cancel(job.id)}>
    Cancel
  </button>`;
}

function progress(job: Job): TemplateResult {
  const share = fraction(job);
  // Without a value the element shows that something goes on, which is all that is known.
  const bar =
    share === null
      ? html`<progress data-testid="job-progress" max="1" aria-label="Progress"></progress>`
      : html`<progress data-testid="job-progress" max="1" .value=${share} aria-label="Progress"></progress>`;
  return html`${bar}<p class="job-figures">${figures(job).join("  ·  ")}</p>`;
}

function figures({ progress: { done, total, tiles_per_s, eta_s } }: Job): string[] {
  const parts: string[] = [];
  if (total > 0) parts.push(`${formatInteger(done)} of ${formatInteger(total)} tiles`);
  if (tiles_per_s) parts.push(`${fixed(tiles_per_s)} tiles/s`);
  if (eta_s !== null && total > done) parts.push(formatEta(eta_s));
  return parts;
}

function outcome({ started, finished, progress: { done, total } }: Job): TemplateResult {
  const tiles = total > 0 ? `${formatInteger(done)} of ${formatInteger(total)} tiles` : "";
  const time = started && finished ? formatDuration(secondsBetween(started, finished)) : "";
  return html`<span class="job-figures">${[tiles, time].filter(Boolean).join(" in ")}</span>`;
}

function failure(job: Job, commands: Commands): TemplateResult | typeof nothing {
  const { failure: reason } = job;
  if (!reason) return nothing;
  return html`${problemNote({ detail: reason.cause, hint: reason.hint })}
    <button data-testid="retry-button" title="It goes on from what is finished"
      @click=${() => commands.retry(job.id)}>Run again</button>`;
}
