/** The ways from the rail to the pages about learning, and their common frame. */
import { html, type TemplateResult } from "lit-html";
import type { LearnPageName } from "../state/learn";
import type { LearnCommands } from "../state/learning";
import { isIn, maySeeDatasets } from "../state/selectors";
import type { AppState } from "../state/state";
import { ICONS } from "./icons";

const PLACES: readonly {
  readonly page: LearnPageName;
  readonly name: string;
  readonly note: string;
  readonly icon: TemplateResult;
}[] = [
  { page: "models", name: "Models", note: "How good each version is", icon: ICONS.model },
  { page: "review", name: "Review queue", note: "What the model is unsure of", icon: ICONS.review },
  { page: "agreement", name: "Agreement", note: "Who agrees with whom", icon: ICONS.people },
];

export function learnLinks(state: AppState, learn: LearnCommands): readonly TemplateResult[] {
  if (!isIn(state)) return [];
  const open = state.learn?.place.page;
  // A report shows pieces of slides of every folder, as data sets do.
  const places = PLACES.filter(({ page }) => page !== "agreement" || maySeeDatasets(state));
  return places.map(
    ({ page, name, note, icon }) => html`<button class="place" id="${page}-button"
      data-testid="${page}-button" aria-expanded=${open === page ? "true" : "false"}
      @click=${() => learn.show(open === page ? null : { page, of: null })}>
      ${icon}<span>${name}</span><span class="place-note">${note}</span>
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
      <button class="quiet icon-only" title="Look again" aria-label="Look again"
        @click=${() => learn.refresh()}>${ICONS.refresh}</button>
      <button class="quiet icon-only" data-testid="learn-close" title="Close (Esc)" aria-label="Close"
        @click=${() => learn.show(null)}>${ICONS.cross}</button>
    </header>
    ${content}
  </main>`;
}
