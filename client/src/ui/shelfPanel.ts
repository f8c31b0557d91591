/** Where in the archive the reader is: the way back up, what lies deeper, and the search. */
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { repeat } from "lit-html/directives/repeat.js";
import type { Folder } from "../api/types";
import type { Commands } from "../state/commands";
import { inArchive } from "../state/selectors";
import type { AppState, Shelf } from "../state/state";
import { SLIDES } from "../words/slides";
import { ICONS } from "./icons";
import { problemNote } from "./problemNote";

export function shelfPanel(state: AppState, commands: Commands): TemplateResult | typeof nothing {
  if (!inArchive(state)) return nothing;
  const { shelf } = state;
  return html`<div class="shelf">
    <input type="search" class="search" data-testid="search" placeholder=${SLIDES.find}
      aria-label=${SLIDES.find} .value=${live(shelf.search)}
      @input=${(event: Event) => commands.search((event.target as HTMLInputElement).value)} />
    ${shelf.search ? nothing : breadcrumbs(shelf, commands)} ${folders(shelf, commands)}
  </div>`;
}

function breadcrumbs({ way }: Shelf, commands: Commands): TemplateResult {
  const step = (name: string, to: readonly Folder[]) => html`<li>
    <button class="crumb" data-testid="crumb" aria-current=${to.length === way.length ? "true" : nothing}
      @click=${() => commands.openFolder(to)}>${name}</button>
  </li>`;
  return html`<ol class="crumbs" aria-label=${SLIDES.way}>
    ${step(SLIDES.archive, [])} ${way.map(({ name }, index) => step(name, way.slice(0, index + 1)))}
  </ol>`;
}

function folders({ folders, way }: Shelf, commands: Commands): TemplateResult | typeof nothing {
  if (folders.status === "loading") return nothing;
  if (folders.status === "failed") return problemNote(folders.problem);
  return html`<ul class="folder-list">
    ${repeat(
      folders.value,
      ({ id }) => id,
      (each) => html`<li>
        <button class="folder-item" data-testid="folder-item" data-folder=${each.id}
          @click=${() => commands.openFolder([...way, each])}>
          ${ICONS.folder}<span class="slide-name">${each.name}</span>
        </button>
      </li>`,
    )}
  </ul>`;
}
