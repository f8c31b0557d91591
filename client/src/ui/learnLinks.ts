/** The ways from the rail to the pages about learning, and their common frame. */
import { html, type TemplateResult } from "lit-html";
import type { LearnPageName } from "../state/learn";
import type { LearnCommands } from "../state/learning";
import { isIn, maySeeDatasets } from "../state/selectors";
import type { AppState } from "../state/state";
import { AGREEMENT } from "../words/agreement";
import { COMMON } from "../words/common";
import { MODELS } from "../words/models";
import { REVIEW } from "../words/review";
import { ICONS } from "./icons";

const PLACES: readonly {
  readonly page: LearnPageName;
  readonly words: { readonly title: string; readonly note: string };
  readonly icon: TemplateResult;
}[] = [
  { page: "models", words: MODELS, icon: ICONS.model },
  { page: "review", words: REVIEW, icon: ICONS.review },
  { page: "agreement", words: AGREEMENT, icon: ICONS.people },
];

export function learnLinks(state: AppState, learn: LearnCommands): readonly TemplateResult[] {
  if (!isIn(state)) return [];
  const open = state.learn?.place.page;
  // A report shows pieces of slides of every folder, as data sets do.
  const places = PLACES.filter(({ page }) => page !== "agreement" || maySeeDatasets(state));
  return places.map(
    ({ page, words, icon }) => html`<button class="place" id="${page}-button"
      data-testid="${page}-button" aria-expanded=${open === page ? "true" : "false"}
      @click=${() => learn.show(open === page ? null : { page, of: null })}>
      ${icon}<span>${words.title}</span><span class="place-note">${words.note}</span>
    </button>`,
  );
}

/** A page above the stage. */
export function learnFrame(
  page: LearnPageName,
  title: string,
  note: string,
  learn: LearnCommands,
  content: TemplateResult,
): TemplateResult {
  return html`<main class="datasets" data-testid=${page} aria-labelledby="learn-title">
    <header class="datasets-head">
      <h2 id="learn-title" tabindex="-1">${title}</h2>
      <p>${note}</p>
      <button class="quiet icon-only" title=${COMMON.lookAgain} aria-label=${COMMON.lookAgain}
        @click=${() => learn.refresh()}>${ICONS.refresh}</button>
      <button class="quiet icon-only" data-testid="learn-close" title=${COMMON.closeByKey} aria-label=${COMMON.close}
        @click=${() => learn.show(null)}>${ICONS.cross}</button>
    </header>
    ${content}
  </main>`;
}
