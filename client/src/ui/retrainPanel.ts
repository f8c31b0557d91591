/** *Retrain*: the next version of the chosen model, and whether the gate has let it through. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { Retraining } from "../api/types";
import { hasEnded } from "../model/jobs";
import { capitalised, outcomeOf, retrainingWords } from "../model/retraining";
import type { Commands } from "../state/commands";
import { chosenModel, mayRetrain } from "../state/selectors";
import type { AppState } from "../state/state";

export function retrainPanel(state: AppState, commands: Commands): TemplateResult | typeof nothing {
  const model = chosenModel(state);
  if (!mayRetrain(state) || !model) return nothing;
  const { retraining } = state;
  const busy = retraining !== null && !hasEnded(retraining);
  return html`<section class="panel-section" aria-labelledby="retrain-title">
    <h2 id="retrain-title">Retrain</h2>
    <button data-testid="retrain-button" ?disabled=${busy}
      title="All annotations become training data. The new version is used only if it is not worse on the locked test."
      @click=${() => commands.retrain()}>
      ${busy ? "Retraining…" : `Retrain ${model.name}`}
    </button>
    ${retraining ? outcome(retraining, commands) : nothing}
  </section>`;
}

function outcome(retraining: Retraining, commands: Commands): TemplateResult {
  const { progress, state, why, promoted, caveats, snapshot } = retraining;
  const bar =
    state === "running" && progress.total > 0
      ? html`<progress max="1" .value=${progress.done / progress.total} aria-label="Progress"></progress>`
      : nothing;
  return html`${bar}
    <div class="retraining" title=${why}>
      <p class="verdict" data-testid="retrain-state" data-state=${state} aria-live="polite"
        data-outcome=${outcomeOf(retraining) ?? nothing}>${retrainingWords(retraining)}</p>
      ${promoted !== null ? html`<p class="field-note">Figures are Dice on the locked test.</p>` : nothing}
      ${caveats.map((each) => html`<p class="field-note">${capitalised(each)}</p>`)}
    </div>
    ${
      snapshot
        ? html`<button class="link" data-testid="retrain-dataset"
            @click=${() => commands.openDatasets(snapshot)}>See what it ${hasEnded(retraining) ? "was" : "is"} trained on</button>`
        : nothing
    }
    ${
      hasEnded(retraining)
        ? nothing
        : html`<button class="quiet" data-testid="retrain-cancel"
            @click=${() => commands.cancelRetraining(retraining.id)}>Cancel</button>`
    }`;
}
