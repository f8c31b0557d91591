/** The run's classes: colour, visibility, and how much of each there is once the run is done. */
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { styleMap } from "lit-html/directives/style-map.js";
import type { ModelClass, Run } from "../api/types";
import { formatArea, formatShare } from "../model/format";
import type { Commands } from "../state/commands";
import { selectedRun } from "../state/selectors";
import type { AppState } from "../state/state";

export function legend(state: AppState, commands: Commands): TemplateResult | typeof nothing {
  const run = selectedRun(state);
  if (!run) return nothing;
  const measured = run.report?.classes !== undefined;
  return html`<section class="panel-section" aria-labelledby="legend-title">
    <h2 id="legend-title">Classes</h2>
    <ul class="legend" data-testid="legend">
      ${run.classes.map((each) => html`<li>${entry(each, run, state, commands)}</li>`)}
    </ul>
    ${
      measured
        ? html`<p class="field-note">Areas at threshold ${run.threshold.toFixed(2)}, as the run was made.</p>`
        : nothing
    }
    ${run.report?.warnings?.map((each) => html`<p class="model-notice">${each}</p>`)}
  </section>`;
}

function entry(
  { name, color }: ModelClass,
  run: Run,
  { overlay }: AppState,
  commands: Commands,
): TemplateResult {
  const figures = run.report?.classes?.find((each) => each.name === name);
  return html`<label class="legend-entry">
    <input type="checkbox" .checked=${live(!overlay.hidden.includes(name))}
      @change=${() => commands.toggleClass(name)} />
    <span class="swatch" style=${styleMap({ backgroundColor: color })}></span>
    <span class="legend-name">${name}</span>
    ${
      figures
        ? html`<span class="legend-figure">${formatArea(figures.area_mm2)}</span>
          <span class="legend-figure share">${formatShare(figures.share)}</span>`
        : nothing
    }
  </label>`;
}
