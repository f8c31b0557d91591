/** Who is signed in, and the way out. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { Commands } from "../state/commands";
import type { AppState } from "../state/state";
import { ENTRANCE } from "../words/entrance";

export function accountLine(
  { account }: AppState,
  commands: Commands,
): TemplateResult | typeof nothing {
  if (account.status !== "ready" || !account.value.user) return nothing;
  const { user, site } = account.value;
  return html`<div class="account-line">
    <span class="account-name" data-testid="user" title=${ENTRANCE.userAt(user.login, site)}>${user.name || user.login}</span>
    <button class="quiet" data-testid="sign-out" @click=${() => commands.signOut()}>${ENTRANCE.signOut}</button>
  </div>`;
}
