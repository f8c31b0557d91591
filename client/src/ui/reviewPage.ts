/** The review queue beside the slide: one region after the other, with the keyboard alone. */
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { LearnApi } from "../api/learn";
import type { QueueList, ReviewQueue, ReviewRegion, Verdict } from "../api/review";
import { plural } from "../model/dataset";
import { formatArea, formatShare } from "../model/format";
import type { LearnCommands } from "../state/learning";
import { currentRegion, NO_REVIEW, type ReviewState } from "../state/review";
import type { ReviewCommands } from "../state/reviewing";
import type { AppState } from "../state/state";
import { ICONS } from "./icons";
import { dice } from "./modelFigures";
import { problemNote } from "./problemNote";

const WORDS: Record<Verdict, string> = { accept: "accepted", fix: "to fix", skip: "skipped" };

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
      <h2 id="learn-title" tabindex="-1">Review queue</h2><p></p>
      <button class="quiet icon-only" title="Look again" aria-label="Look again"
        @click=${() => learn.refresh()}>${ICONS.refresh}</button>
      <button class="quiet icon-only" data-testid="learn-close" title="Close (Esc)" aria-label="Close"
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
  if (list.status === "loading") return html`<p class="placeholder">Reading the queues…</p>`;
  if (list.status === "failed") return problemNote(list.problem);
  const { value } = list;
  if (value.queues.length === 0 && of === null) {
    return html`<div class="review-body">${making(value, commands, true)}</div>`;
  }
  if (queue.status === "loading") return html`<p class="placeholder">Reading the queue…</p>`;
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
  if (queues.length < 2)
    return html`<p class="field-note">What ${model} is least sure of, first.</p>`;
  return html`<select aria-label="Queue" data-testid="queue-picker"
    @change=${(event: Event) =>
      learn.show({ page: "review", of: (event.target as HTMLSelectElement).value })}>
    ${queues.map(
      (each) => html`<option value=${each.id} ?selected=${each.id === id}>
        ${each.name} (${each.said_count} of ${each.regions_count})</option>`,
    )}
  </select>`;
}

function gains({ regions, gains, hidden }: ReviewQueue): TemplateResult {
  const said = regions.filter((each) => each.said !== null).length;
  const { reviewed, corrected, area_mm2, open } = gains;
  const figure = (name: string, value: string, id: string) =>
    html`<div><dt>${name}</dt><dd data-testid="gain-${id}">${value}</dd></div>`;
  return html`<div class="review-gains">
    <progress max=${regions.length} .value=${said} aria-label="Regions gone through"></progress>
    <p class="field-note" data-testid="review-progress">${said} of ${regions.length} gone through${
      hidden > 0 ? ` · ${hidden} on slides that you may not see` : ""
    }</p>
    <dl>
      ${figure("Reviewed", plural(reviewed, "region"), "reviewed")}
      ${figure("Area", reviewed > 0 ? formatArea(area_mm2) : "–", "area")}
      ${figure("Corrected", reviewed > 0 ? formatShare(corrected / reviewed) : "–", "corrected")}
      ${figure("Model’s Dice", dice(gains.dice), "dice")}
    </dl>
    ${open > 0 ? html`<p class="field-note" data-testid="review-open">${plural(open, "region")} still to fix.</p>` : nothing}
  </div>`;
}

function current(review: ReviewState, commands: ReviewCommands): TemplateResult {
  const region = currentRegion(review);
  if (!region) return html`<p class="placeholder">The queue has no region that you may see.</p>`;
  const key = (verdict: Verdict, letter: string, text: string, title: string) => html`<button
    data-testid="say-${verdict}" title=${title} aria-pressed=${region.said?.verdict === verdict ? "true" : "false"}
    @click=${() => commands.say(verdict)}><kbd>${letter}</kbd>${text}</button>`;
  const shares = Object.entries(region.expected)
    .filter(([, share]) => share >= 0.005)
    .map(([name, share]) => `${name} ${formatShare(share)}`);
  return html`<div class="review-current" data-testid="review-current" data-number=${region.number}>
    <h3>${region.number} <span class="review-slide" title=${region.slide.name}>${region.slide.name}</span></h3>
    <p class="field-note">${shares.join(" · ")}</p>
    <div class="review-keys">
      ${key("accept", "A", "Accept", "The model is right: its outline becomes your annotation of this region")}
      ${key("fix", "F", "Fix", "Nearly right: its outline becomes your annotation, and the drawing tools open it")}
      ${key("skip", "S", "Skip", "Say nothing of this region")}
    </div>
    <p class="field-note">${status(region)}</p>
  </div>`;
}

function status({ said, changed, dice: value }: ReviewRegion): string {
  if (!said) return "Arrow keys lead to the other regions.";
  const by = said.by ? ` by ${said.by}` : "";
  if (changed) return `Corrected${by}: Dice of the model here ${dice(value)}.`;
  return said.verdict === "fix"
    ? `To fix${by}: correct it with the tools beside the slide, then → leads on. F opens it again.`
    : `${WORDS[said.verdict]}${by}.`.replace(/^./, (first) => first.toUpperCase());
}

function strip(
  { at }: ReviewState,
  { regions }: ReviewQueue,
  commands: ReviewCommands,
  pictures: Pictures,
): TemplateResult {
  return html`<ol class="film-strip" aria-label="Regions of the queue">${repeat(
    regions,
    ({ number }) => number,
    ({ number, picture, said, changed, slide }) => html`<li>
      <button class="film" data-testid="film" data-number=${number} data-said=${said?.verdict ?? nothing}
        aria-current=${number === at ? "true" : "false"} title="${number}: ${slide.name}"
        @click=${() => commands.goTo(number)}>
        <img src=${pictures.picture(picture)} alt="Region ${number} with the model’s outline" loading="lazy" />
        <span>${number}${said ? ` ${changed ? "corrected" : WORDS[said.verdict]}` : ""}</span>
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
      <progress aria-label="Looking for regions"></progress>
      <p class="field-note">Looking for regions${making.said ? `: ${making.said}` : "…"}</p>
      ${missing ? nothing : html`<button class="quiet" @click=${() => commands.cancelMaking()}>Cancel</button>`}
    </div>`;
  }
  const failed =
    making?.state === "failed"
      ? problemNote({ detail: making.failure, hint: making.hint || null })
      : nothing;
  const teach = isFirst
    ? html`<p>There is no queue yet. It ranks all tissue that nobody has outlined: first comes what the
        model is least sure of.</p>`
    : nothing;
  if (missing) {
    return isFirst
      ? html`<div class="review-making" data-testid="review-empty">${teach} ${problemNote(missing)}
          <p class="field-note">Or on the machine of the service:</p>
          <pre class="command"><code>histoloop dataset review --source SLIDES --gtcodes GTCodes.csv --out HOME/review/NAME</code></pre>
        </div>`
      : html``;
  }
  return html`<div class="review-making" data-testid="review-empty">${teach} ${failed}
    <button data-testid="make-queue" @click=${() => commands.make()}>${isFirst ? "Look for regions" : "Make a new queue"}</button>
  </div>`;
}
