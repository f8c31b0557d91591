/** The review queue beside the slide: one region after the other, with the keyboard alone. */
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { LearnApi } from "../api/learn";
import type { QueueList, ReviewQueue, ReviewRegion, Verdict } from "../api/review";
import { formatArea, formatShare } from "../model/format";
import type { LearnCommands } from "../state/learning";
import { currentRegion, NO_REVIEW, type ReviewState } from "../state/review";
import type { ReviewCommands } from "../state/reviewing";
import type { AppState } from "../state/state";
import { COMMON, COUNTS } from "../words/common";
import { REVIEW } from "../words/review";
import { ICONS } from "./icons";
import { dice } from "./modelFigures";
import { problemNote } from "./problemNote";

const VERDICTS: readonly (readonly [Verdict, key: string])[] = [
  ["accept", "A"],
  ["fix", "F"],
  ["skip", "S"],
];

type Pictures = Pick<LearnApi, "picture">;

export function reviewPage(
  { learn: page }: AppState,
  learn: LearnCommands,
  commands: ReviewCommands,
  pictures: Pictures,
): TemplateResult | typeof nothing {
  if (page?.place.page !== "review") return nothing;
  const review = page.review ?? NO_REVIEW;
  return html`<section class="review" data-testid="review" aria-labelledby="learn-title">
    <header class="datasets-head">
      <h2 id="learn-title" tabindex="-1">${REVIEW.title}</h2><p></p>
      <button class="quiet icon-only" title=${COMMON.lookAgain} aria-label=${COMMON.lookAgain}
        @click=${() => learn.refresh()}>${ICONS.refresh}</button>
      <button class="quiet icon-only" data-testid="learn-close" title=${COMMON.closeByKey} aria-label=${COMMON.close}
        @click=${() => learn.show(null)}>${ICONS.cross}</button>
    </header>
    ${content(review, learn, commands, pictures, page.place.of)}
  </section>`;
}

function content(
  review: ReviewState,
  learn: LearnCommands,
  commands: ReviewCommands,
  pictures: Pictures,
  of: string | null,
): TemplateResult {
  const { list, queue } = review;
  if (list.status === "loading") return html`<p class="placeholder">${REVIEW.loadingQueues}</p>`;
  if (list.status === "failed") return problemNote(list.problem);
  const { value } = list;
  if (value.queues.length === 0 && of === null) {
    return html`<div class="review-body">${making(value, commands, true)}</div>`;
  }
  if (queue.status === "loading") return html`<p class="placeholder">${REVIEW.loadingQueue}</p>`;
  if (queue.status === "failed") return problemNote(queue.problem);
  return html`<div class="review-body">
    ${chooser(value, queue.value, learn)} ${gains(queue.value)}
    ${current(review, commands)} ${strip(review, queue.value, commands, pictures)}
    ${making(value, commands, false)}
  </div>`;
}

function chooser(
  { queues }: QueueList,
  { id, model }: ReviewQueue,
  learn: LearnCommands,
): TemplateResult {
  if (queues.length < 2) return html`<p class="field-note">${REVIEW.leastSure(model)}</p>`;
  return html`<select aria-label=${REVIEW.queue} data-testid="queue-picker"
    @change=${(event: Event) =>
      learn.show({ page: "review", of: (event.target as HTMLSelectElement).value })}>
    ${queues.map(
      (each) => html`<option value=${each.id} ?selected=${each.id === id}>
        ${REVIEW.queueOption(each.name, each.said_count, each.regions_count)}</option>`,
    )}
  </select>`;
}

function gains({ regions, gains, hidden }: ReviewQueue): TemplateResult {
  const said = regions.filter((each) => each.said !== null).length;
  const { reviewed, corrected, area_mm2, open } = gains;
  const figure = (name: string, value: string, id: string) =>
    html`<div><dt>${name}</dt><dd data-testid="gain-${id}">${value}</dd></div>`;
  return html`<div class="review-gains">
    <progress max=${regions.length} .value=${said} aria-label=${REVIEW.goneThroughBar}></progress>
    <p class="field-note" data-testid="review-progress">${REVIEW.goneThrough(said, regions.length)}${
      hidden > 0 ? ` · ${REVIEW.hidden(hidden)}` : ""
    }</p>
    <dl>
      ${figure(REVIEW.reviewed, COUNTS.regions(reviewed), "reviewed")}
      ${figure(REVIEW.area, reviewed > 0 ? formatArea(area_mm2) : "–", "area")}
      ${figure(COMMON.corrected, reviewed > 0 ? formatShare(corrected / reviewed) : "–", "corrected")}
      ${figure(REVIEW.modelDice, dice(gains.dice), "dice")}
    </dl>
    ${open > 0 ? html`<p class="field-note" data-testid="review-open">${REVIEW.open(open)}</p>` : nothing}
  </div>`;
}

function current(review: ReviewState, commands: ReviewCommands): TemplateResult {
  const region = currentRegion(review);
  if (!region) return html`<p class="placeholder">${REVIEW.noRegion}</p>`;
  const key = ([verdict, letter]: (typeof VERDICTS)[number]) => html`<button
    data-testid="say-${verdict}" title=${REVIEW.verdicts[verdict].title} aria-pressed=${region.said?.verdict === verdict ? "true" : "false"}
    @click=${() => commands.say(verdict)}><kbd>${letter}</kbd>${REVIEW.verdicts[verdict].name}</button>`;
  const shares = Object.entries(region.expected)
    .filter(([, share]) => share >= 0.005)
    .map(([name, share]) => `${name} ${formatShare(share)}`);
  return html`<div class="review-current" data-testid="review-current" data-number=${region.number}>
    <h3>${region.number} <span class="review-slide" title=${region.slide.name}>${region.slide.name}</span></h3>
    <p class="field-note">${shares.join(" · ")}</p>
    <div class="review-keys">${VERDICTS.map(key)}</div>
    <p class="field-note">${status(region)}</p>
  </div>`;
}

function status({ said, changed, dice: value }: ReviewRegion): string {
  if (!said) return REVIEW.arrows;
  return changed
    ? REVIEW.correctedHere(said.by, dice(value))
    : REVIEW.saidHere[said.verdict](said.by);
}

function strip(
  { at }: ReviewState,
  { regions }: ReviewQueue,
  commands: ReviewCommands,
  pictures: Pictures,
): TemplateResult {
  return html`<ol class="film-strip" aria-label=${REVIEW.regions}>${repeat(
    regions,
    ({ number }) => number,
    ({ number, picture, said, changed, slide }) => html`<li>
      <button class="film" data-testid="film" data-number=${number} data-said=${said?.verdict ?? nothing}
        aria-current=${number === at ? "true" : "false"} title="${number}: ${slide.name}"
        @click=${() => commands.goTo(number)}>
        <img src=${pictures.picture(picture)} alt=${REVIEW.picture(number)} loading="lazy" />
        <span>${number}${said ? ` ${changed ? REVIEW.correctedSince : REVIEW.said[said.verdict]}` : ""}</span>
      </button>
    </li>`,
  )}</ol>`;
}

function making(
  { making, missing }: QueueList,
  commands: ReviewCommands,
  isFirst: boolean,
): TemplateResult {
  if (making?.state === "running") {
    return html`<div class="review-making" data-testid="review-making">
      <progress aria-label=${REVIEW.looking}></progress>
      <p class="field-note">${REVIEW.lookingNow(making.said)}</p>
      ${missing ? nothing : html`<button class="quiet" @click=${() => commands.cancelMaking()}>${COMMON.cancel}</button>`}
    </div>`;
  }
  const failed =
    making?.state === "failed"
      ? problemNote({ detail: making.failure, hint: making.hint || null })
      : nothing;
  const teach = isFirst ? html`<p>${REVIEW.none}</p>` : nothing;
  if (missing) {
    return isFirst
      ? html`<div class="review-making" data-testid="review-empty">${teach} ${problemNote(missing)}
          <p class="field-note">${COMMON.onServiceMachine}</p>
          <pre class="command"><code>${REVIEW.command}</code></pre>
        </div>`
      : html``;
  }
  return html`<div class="review-making" data-testid="review-empty">${teach} ${failed}
    <button data-testid="make-queue" @click=${() => commands.make()}>${isFirst ? REVIEW.look : REVIEW.makeNew}</button>
  </div>`;
}
