/** What stands before an archive: the form to sign in, or why nobody can say who is there. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { Commands } from "../state/commands";
import { needsSignIn } from "../state/selectors";
import type { AppState } from "../state/state";
import { COMMON } from "../words/common";
import { ENTRANCE } from "../words/entrance";
import { problemNote } from "./problemNote";

export function signInForm(state: AppState, commands: Commands): TemplateResult | typeof nothing {
  const { account } = state;
  if (account.status === "failed") {
    return html`<div class="entrance">
      <div class="entrance-card">
        <h1>${COMMON.product}</h1>
        ${problemNote(account.problem)}
        <button data-testid="identify" @click=${() => commands.identify()}>${COMMON.tryAgain}</button>
      </div>
    </div>`;
  }
  return needsSignIn(state) ? form(state, commands) : nothing;
}

function form({ account, signIn }: AppState, commands: Commands): TemplateResult {
  const site = account.status === "ready" ? account.value.site : "";
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const fields = new FormData(event.target as HTMLFormElement);
    commands.signIn(String(fields.get("login")), String(fields.get("password")));
  };
  return html`<div class="entrance">
    <form class="entrance-card" data-testid="sign-in" @submit=${submit}>
      <h1>${COMMON.product}</h1>
      <p>${ENTRANCE.invitation(html`<strong>${site}</strong>`)}</p>
      <label class="entrance-field">
        <span>${ENTRANCE.login}</span>
        <input name="login" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus />
      </label>
      <label class="entrance-field">
        <span>${ENTRANCE.password}</span>
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      ${signIn.problem ? problemNote(signIn.problem) : nothing}
      <button class="primary" data-testid="sign-in-button" ?disabled=${signIn.busy}>
        ${signIn.busy ? ENTRANCE.signingIn : ENTRANCE.signIn}
      </button>
      <p class="field-note">${ENTRANCE.rights}</p>
    </form>
  </div>`;
}
