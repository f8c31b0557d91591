/** The page of the agreement, above the stage: which reports there are, and one. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { AgreementList } from "../api/agreement";
import type { LearnApi } from "../api/learn";
import { formatTime } from "../model/format";
import type { AgreementCommands } from "../state/agreeing";
import { type AgreementState, NO_AGREEMENT } from "../state/agreement";
import type { LearnPlace } from "../state/learn";
import type { LearnCommands } from "../state/learning";
import type { AppState } from "../state/state";
import { AGREEMENT } from "../words/agreement";
import { COMMON, COUNTS } from "../words/common";
import { agreementReport } from "./agreementReport";
import { learnFrame } from "./learnLinks";
import { problemNote } from "./problemNote";

type Pictures = Pick<LearnApi, "picture">;

export function agreementPage(
  { learn: page }: AppState,
  learn: LearnCommands,
  commands: AgreementCommands,
  pictures: Pictures,
): TemplateResult | typeof nothing {
  if (page?.place.page !== "agreement") return nothing;
  const { place, agreement } = page;
  const shown = content(agreement ?? NO_AGREEMENT, place, learn, commands, pictures);
  return learnFrame("agreement", AGREEMENT.title, AGREEMENT.note, learn, shown);
}

function content(
  state: AgreementState,
  place: LearnPlace,
  learn: LearnCommands,
  commands: AgreementCommands,
  pictures: Pictures,
): TemplateResult {
  const { list, agreement, className } = state;
  if (list.status === "loading")
    return html`<p class="placeholder">${AGREEMENT.loadingReports}</p>`;
  if (list.status === "failed") return problemNote(list.problem);
  if (list.value.agreements.length === 0 && place.of === null) {
    return nothingYet(list.value, commands);
  }
  return html`<div class="datasets-body">
    <nav class="dataset-list" aria-label=${AGREEMENT.reports}>
      ${reports(list.value, place, learn)}
      ${making(list.value, commands, AGREEMENT.compareAgain)}
    </nav>
    <div class="dataset model-page">${
      agreement.status === "ready"
        ? agreementReport(agreement.value, className, commands, pictures)
        : agreement.status === "failed"
          ? problemNote(agreement.problem)
          : html`<p class="placeholder">${AGREEMENT.loadingReport}</p>`
    }</div>
  </div>`;
}

function nothingYet(list: AgreementList, commands: AgreementCommands): TemplateResult {
  return html`<div class="datasets-empty" data-testid="agreement-empty">
    <p>${AGREEMENT.none}</p>
    <p>${AGREEMENT.whatCounts}</p>
    ${making(list, commands, AGREEMENT.compare)}
    <p class="placeholder">${COMMON.onServiceMachine}</p>
    <pre class="command"><code>${AGREEMENT.command}</code></pre>
  </div>`;
}

function reports(
  { agreements }: AgreementList,
  place: LearnPlace,
  learn: LearnCommands,
): TemplateResult {
  return html`<ul>${agreements.map(
    ({ name, made, regions_count, annotators_count }) => html`<li>
      <button class="run-item" data-testid="agreement-item"
        aria-current=${name === place.of ? "true" : "false"}
        @click=${() => learn.show({ page: "agreement", of: name })}>
        <span class="slide-name">${name}</span>
        <span class="run-time">${formatTime(made, new Date())}</span>
        <span class="run-time">${COUNTS.annotators(annotators_count)} · ${COUNTS.regions(regions_count)}</span>
      </button>
    </li>`,
  )}</ul>`;
}

function making(
  { agreements, making, missing }: AgreementList,
  commands: AgreementCommands,
  text: string,
): TemplateResult {
  if (making?.state === "running") {
    return html`<div class="review-making" data-testid="agreement-making">
      <progress aria-label=${AGREEMENT.comparing}></progress>
      <p class="field-note">${AGREEMENT.comparingNow(making.said)}</p>
      <button class="quiet" @click=${() => commands.cancelMaking()}>${COMMON.cancel}</button>
    </div>`;
  }
  if (missing && agreements.length > 0)
    return html`<p class="field-note">${AGREEMENT.toCompareAgain(missing.hint)}</p>`;
  if (missing) return problemNote(missing);
  return html`<div class="review-making">
    ${
      making?.state === "failed"
        ? problemNote({ detail: making.failure, hint: making.hint || null })
        : nothing
    }
    <button data-testid="make-agreement" @click=${() => commands.make()}>${text}</button>
  </div>`;
}
