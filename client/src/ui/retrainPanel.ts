/** *Retrain*: the next version of the chosen model, and whether the gate has let it through. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { Retraining } from "../api/types";
import { hasEnded } from "../model/jobs";
import { capitalised, outcomeOf, retrainingWords } from "../model/retraining";
import type { Commands } from "../state/commands";
import { chosenModel, mayRetrain } from "../state/selectors";
import type { AppState } from "../state/state";
import { COMMON } from "../words/common";
import { MODELS } from "../words/models";
import { RETRAIN } from "../words/retrain";

export function retrainPanel(state: AppState, commands: Commands): TemplateResult | typeof nothing {
  const model = chosenModel(state);
  if (!mayRetrain(state) || !model) return nothing;
  const { retraining } = state;
  const busy = retraining !== null && !hasEnded(retraining);
  return html`<section class="panel-section" aria-labelledby="retrain-title">
    <h2 id="retrain-title">${RETRAIN.title}</h2>
    <button data-testid="retrain-button" ?disabled=${busy}
      title=${RETRAIN.about}
      @click=${() => commands.retrain()}>
      ${busy ? RETRAIN.busy : RETRAIN.retrain(model.name)}
    </button>
    ${retraining ? outcome(retraining, commands) : nothing}
  </section>`;
}

function outcome(retraining: Retraining, commands: Commands): TemplateResult {
  const { progress, state, why, promoted, caveats, snapshot } = retraining;
  const bar =
    state === "running" && progress.total > 0
      ? html`<progress max="1" .value=${progress.done / progress.total} aria-label=${COMMON.progress}></progress>`
      : nothing;
  return html`${bar}
    <div class="retraining" title=${why}>
      <p class="verdict" data-testid="retrain-state" data-state=${state} aria-live="polite"
        data-outcome=${outcomeOf(retraining) ?? nothing}>${retrainingWords(retraining)}</p>
      ${promoted !== null ? html`<p class="field-note">${RETRAIN.figures}</p>` : nothing}
      ${caveats.map((each) => html`<p class="field-note">${capitalised(each)}</p>`)}
    </div>
    ${
      snapshot
        ? html`<button class="link" data-testid="retrain-dataset"
            @click=${() => commands.openDatasets(snapshot)}>${hasEnded(retraining) ? MODELS.openDataset : RETRAIN.openDatasetBefore}</button>`
        : nothing
    }
    ${
      hasEnded(retraining)
        ? nothing
        : html`<button class="quiet" data-testid="retrain-cancel"
            @click=${() => commands.cancelRetraining(retraining.id)}>${COMMON.cancel}</button>`
    }`;
}
