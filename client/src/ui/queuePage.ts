/** All jobs, above the stage: what is computed, what waits, and what came to nothing and why. */
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { repeat } from "lit-html/directives/repeat.js";
import type { Refused } from "../api/launch";
import type { Job, Priority } from "../api/types";
import { fixed, formatDuration, formatEta, formatTime, secondsBetween } from "../model/format";
import { activity, fraction, hasEnded, putAwayWords } from "../model/jobs";
import { inTurn, placeOfFailure, queueLine } from "../model/launch";
import type { Commands } from "../state/commands";
import type { Queue } from "../state/launch";
import { isIn } from "../state/selectors";
import type { AppState } from "../state/state";
import { COMMON } from "../words/common";
import { JOBS, QUEUE } from "../words/jobs";
import { formatInteger } from "../words/language";
import { PRIORITIES as PRIORITY_WORDS } from "../words/launch";
import { SEGMENT } from "../words/segment";
import { BATCH } from "../words/slides";
import { UNITS } from "../words/units";
import { ICONS } from "./icons";
import { problemNote } from "./problemNote";

const PRIORITIES: readonly Priority[] = ["high", "normal", "low"];

/** Opens the page; in the rail. */
export function queueLink(state: AppState, commands: Commands): TemplateResult | typeof nothing {
  if (!isIn(state)) return nothing;
  const isShown = state.launch.queue !== null;
  return html`<button class="place" id="queue-button" data-testid="queue-button"
    aria-expanded=${isShown ? "true" : "false"} @click=${() => commands.launch.showQueue(!isShown)}>
    ${ICONS.queue}<span>${QUEUE.title}</span><span class="place-note">${QUEUE.note}</span>
  </button>`;
}

export function queuePage(state: AppState, commands: Commands): TemplateResult | typeof nothing {
  const { queue } = state.launch;
  if (!queue) return nothing;
  const line = queue.jobs.status === "ready" ? queueLine(queue.jobs.value) : "";
  return html`<main class="queue" data-testid="queue" aria-labelledby="queue-title">
    <header class="datasets-head">
      <h2 id="queue-title" tabindex="-1">${QUEUE.title}</h2>
      <p aria-live="polite" data-testid="queue-line">${line}</p>
      <button class="quiet icon-only" data-testid="queue-close" title=${COMMON.closeByKey} aria-label=${COMMON.close}
        @click=${() => commands.launch.showQueue(false)}>${ICONS.cross}</button>
    </header>
    <div class="queue-body">${queue.refused.map((each) => refusal(each, state))} ${content(queue, commands)}</div>
  </main>`;
}

function refusal({ slide, detail, hint }: Refused, { slides }: AppState): TemplateResult {
  const listed =
    slides.status === "ready" ? slides.value.find(({ id }) => id === slide) : undefined;
  const name = listed && !detail.includes(listed.name) ? `${listed.name}: ` : "";
  return problemNote({ detail: QUEUE.refused(`${name}${detail}`), hint });
}

function content({ jobs }: Queue, commands: Commands): TemplateResult {
  if (jobs.status === "loading") return html`<p class="placeholder">${QUEUE.loading}</p>`;
  if (jobs.status === "failed") return problemNote(jobs.problem);
  if (jobs.value.length === 0) return nothingYet();
  return html`<ul class="job-list">
    ${repeat(
      inTurn(jobs.value),
      ({ id }) => id,
      (
        job,
      ) => html`<li class="job-row" data-testid="queue-job" data-job=${job.id} data-state=${job.state}>
        ${entry(job, commands)}</li>`,
    )}
  </ul>`;
}

function nothingYet(): TemplateResult {
  return html`<div class="queue-empty" data-testid="queue-empty">
    <p>${QUEUE.none}</p>
    <p class="placeholder">${QUEUE.howToAsk(html`<b>${SEGMENT.title}</b>`, html`<b>${BATCH.choose}</b>`)}</p>
  </div>`;
}

function entry(job: Job, commands: Commands): TemplateResult {
  const name = job.slide
    ? html`<button class="link job-name" data-testid="queue-slide" title=${QUEUE.openSlide}
        @click=${() => commands.launch.goTo(job.slide, null)}>${job.slide_name}</button>`
    : html`<span class="job-name">${job.slide_name}</span>`;
  const facts = [
    job.model,
    job.roi ? COMMON.partOnly : "",
    job.by ?? "",
    formatTime(job.created, new Date()),
  ];
  return html`
    <div class="job-what">${name}<span class="fact">${facts.filter(Boolean).join(" · ")}</span></div>
    <div class="job-how">
      <span class="job-state" data-state=${job.state}>${activity(job)}</span>
      ${progress(job)}
    </div>
    <div class="job-do">${actions(job, commands)}</div>
    ${failure(job, commands)} ${absence(job)}
  `;
}

function progress(job: Job): TemplateResult {
  if (hasEnded(job)) return html`<span class="fact">${outcome(job)}</span>`;
  if (job.state === "queued") return html`<span class="fact">${QUEUE.begins}</span>`;
  const share = fraction(job);
  const label = QUEUE.progressOf(job.slide_name);
  // Without a value the element shows that something goes on, which is all that is known.
  const bar =
    share === null
      ? html`<progress max="1" aria-label=${label}></progress>`
      : html`<progress max="1" .value=${share} aria-label=${label}></progress>`;
  return html`${bar}<span class="fact">${figures(job)}</span>`;
}

function figures({ progress: { done, total, tiles_per_s, eta_s } }: Job): string {
  const parts = total > 0 ? [JOBS.tiles(formatInteger(done), formatInteger(total))] : [];
  if (tiles_per_s) parts.push(UNITS.tilesPerSecond(fixed(tiles_per_s)));
  if (eta_s !== null && total > done) parts.push(formatEta(eta_s));
  return parts.join(" · ");
}

function outcome({ started, finished, progress: { done, total } }: Job): string {
  if (total === 0) return "";
  const tiles = JOBS.tiles(formatInteger(done), formatInteger(total));
  return started && finished
    ? JOBS.within(tiles, formatDuration(secondsBetween(started, finished)))
    : tiles;
}

function actions(job: Job, commands: Commands): TemplateResult | typeof nothing {
  if (!hasEnded(job)) {
    return html`${job.state === "queued" ? priorityPicker(job, commands) : nothing}
      <button data-testid="queue-cancel" @click=${() => commands.launch.cancel(job.id)}>${COMMON.cancel}</button>`;
  }
  if (job.state === "done" && !job.put_away) return nothing;
  const title = job.put_away ? JOBS.againAnew : JOBS.againOn;
  return html`<button data-testid="queue-retry" title=${title}
    @click=${() => commands.launch.retry(job.id)}>${JOBS.again}</button>`;
}

function priorityPicker(job: Job, commands: Commands): TemplateResult {
  const chosen = job.priority ?? "normal";
  return html`<select data-testid="queue-priority" aria-label=${QUEUE.when(job.slide_name)} .value=${live(chosen)}
    @change=${(event: Event) =>
      commands.launch.setPriority(job.id, (event.target as HTMLSelectElement).value as Priority)}>
    ${PRIORITIES.map(
      (each) =>
        html`<option value=${each} ?selected=${each === chosen}>${PRIORITY_WORDS[each]}</option>`,
    )}
  </select>`;
}

function absence({ put_away }: Job): TemplateResult | typeof nothing {
  if (!put_away) return nothing;
  return html`<p class="job-failure away-note" data-testid="queue-away">${putAwayWords(put_away)}</p>`;
}

function failure(job: Job, commands: Commands): TemplateResult | typeof nothing {
  const { failure: reason } = job;
  if (!reason) return nothing;
  const place = placeOfFailure(job);
  return html`<div class="job-failure" data-testid="queue-failure">
    ${problemNote({ detail: reason.cause, hint: reason.hint })}
    ${
      place
        ? html`<button class="link" data-testid="queue-place" @click=${() => commands.launch.goTo(job.slide, place)}>
          ${QUEUE.showPlace}</button>`
        : nothing
    }
  </div>`;
}
