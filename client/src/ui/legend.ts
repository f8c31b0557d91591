/** The run's classes: colour, visibility, and how much of each there is once the run is done. */
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { styleMap } from "lit-html/directives/style-map.js";
import type { AreaOfClass, Areas } from "../api/findings";
import type { ModelClass, Run } from "../api/types";
import { formatArea, formatAreas, formatShare } from "../model/format";
import type { Commands } from "../state/commands";
import { selectedRun } from "../state/selectors";
import type { AppState } from "../state/state";
import { COMMON } from "../words/common";
import { LEGEND } from "../words/prediction";

export function legend(
  state: AppState,
  commands: Commands,
  areas: Areas | null,
): TemplateResult | typeof nothing {
  const run = selectedRun(state);
  if (!run) return nothing;
  return html`<section class="panel-section" aria-labelledby="legend-title">
    <h2 id="legend-title" title=${areas ? LEGEND.smallFigures(areas.uncertainty) : nothing}>
      ${areas ? LEGEND.areas : COMMON.classes}
    </h2>
    <ul class="legend" data-testid="legend">
      ${run.classes.map((each) => html`<li>${entry(each, areas, state, commands)}</li>`)}
    </ul>
    ${areas ? html`<p class="field-note">${explained(areas, run)}</p>` : nothing}
    ${run.report?.warnings?.map((each) => html`<p class="model-notice">${each}</p>`)}
  </section>`;
}

function explained({ threshold, share_of: of, mpp }: Areas, run: Run): string {
  const files = run.threshold === threshold ? "" : LEGEND.filesAt(run.threshold.toFixed(2));
  const sentences = [LEGEND.aboutShares(of), files, LEGEND.scaleCaveats[mpp.source]];
  return sentences.filter(Boolean).join(" ");
}

/** "0.16–0.21 mm², 30–39 %". */
function span({ low_mm2, high_mm2, low_share, high_share }: AreaOfClass): string {
  const figures = formatAreas(low_mm2, high_mm2);
  if (low_share === null || high_share === null) return figures;
  return `${figures} · ${(100 * low_share).toFixed(1)}–${formatShare(high_share)}`;
}

function entry(
  { name, color }: ModelClass,
  areas: Areas | null,
  { overlay }: AppState,
  commands: Commands,
): TemplateResult {
  const figures = areas?.classes.find((each) => each.name === name);
  return html`<label class="legend-entry">
    <input type="checkbox" .checked=${live(!overlay.hidden.includes(name))}
      @change=${() => commands.toggleClass(name)} />
    <span class="swatch" style=${styleMap({ backgroundColor: color })}></span>
    <span class="legend-name">${name}</span>
    ${
      figures
        ? html`<span class="legend-figure">${formatArea(figures.area_mm2)}</span>
          <span class="legend-figure share">${figures.share === null ? "" : formatShare(figures.share)}</span>
          <span class="legend-span" data-testid="legend-span">${span(figures)}</span>`
        : nothing
    }
  </label>`;
}
