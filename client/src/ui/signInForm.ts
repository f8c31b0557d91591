/** What stands before an archive: the form to sign in, or why nobody can say who is there. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { Commands } from "../state/commands";
import { needsSignIn } from "../state/selectors";
import type { AppState } from "../state/state";
import { problemNote } from "./problemNote";

export function signInForm(state: AppState, commands: Commands): TemplateResult | typeof nothing {
  const { account } = state;
  if (account.status === "failed") {
    return html`<div class="entrance">
      <div class="entrance-card">
        <h1>HistoLoop</h1>
        ${problemNote(account.problem)}
        <button data-testid="identify" @click=${() => commands.identify()}>Try again</button>
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
      <h1>HistoLoop</h1>
      <p>Sign in with your account of the Digital Slide Archive at <strong>${site}</strong>.</p>
      <label class="entrance-field">
        <span>Login or e-mail</span>
        <input name="login" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus />
      </label>
      <label class="entrance-field">
        <span>Password</span>
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      ${signIn.problem ? problemNote(signIn.problem) : nothing}
      <button class="primary" data-testid="sign-in-button" ?disabled=${signIn.busy}>
        ${signIn.busy ? "Signing in…" : "Sign in"}
      </button>
      <p class="field-note">
        You see and may do here what the archive lets you. Your password is passed on to it and not
        kept.
      </p>
    </form>
  </div>`;
}
