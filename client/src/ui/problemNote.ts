/** A failure in words: what happened, and what can be done about it. */
import { html, nothing, type TemplateResult } from "lit-html";

export interface Explained {
  readonly detail: string;
  readonly hint: string | null;
}

export function problemNote({ detail, hint }: Explained): TemplateResult {
  return html`<div class="problem-note" role="alert">
    <p>${detail}</p>
    ${hint ? html`<p class="hint">${hint}</p>` : nothing}
  </div>`;
}
