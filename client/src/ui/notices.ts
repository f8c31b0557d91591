/** The banner for a lost service and the toasts for single failures. */
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { Commands } from "../state/commands";
import type { AppState } from "../state/state";
import { COMMON } from "../words/common";
import { NOTICES } from "../words/notices";
import { ICONS } from "./icons";

export function notices({ online, toasts }: AppState, commands: Commands): TemplateResult {
  return html`
    ${
      online
        ? nothing
        : html`<div class="banner" role="status" data-testid="offline-banner">
          ${NOTICES.goneTrying}
        </div>`
    }
    <div class="toasts" aria-live="assertive">
      ${repeat(
        toasts,
        ({ id }) => id,
        ({ id, text, hint }) => html`<div class="toast" role="alert" data-testid="toast">
          <div>
            <p>${text}</p>
            ${hint ? html`<p class="hint">${hint}</p>` : nothing}
          </div>
          <button class="quiet icon-only" aria-label=${COMMON.dismiss} @click=${() => commands.dismissToast(id)}>
            ${ICONS.cross}
          </button>
        </div>`,
      )}
    </div>
  `;
}
