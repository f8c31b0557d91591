/** How the prediction lies over the slide. Nothing here asks the service to predict again. */
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { styleMap } from "lit-html/directives/style-map.js";
import { doubtGradient, viridisGradient } from "../model/colour";
import type { Commands } from "../state/commands";
import { selectedRun, shownClass } from "../state/selectors";
import type { AppState, OverlayMode } from "../state/state";
import { COMMON } from "../words/common";
import { PREDICTION } from "../words/prediction";

export function overlayPanel(state: AppState, commands: Commands): TemplateResult {
  const { overlay } = state;
  return html`<section class="panel-section" aria-labelledby="overlay-title">
    <div class="section-head">
      <h2 id="overlay-title">${COMMON.prediction}</h2>
      ${toggle("overlay-toggle", COMMON.show, overlay.visible, (visible) =>
        commands.adjustOverlay({ visible }),
      )}
    </div>
    <div class="segmented" role="group" aria-label=${PREDICTION.showAs}>
      ${modeButton("class", COMMON.class, overlay.mode, commands)}
      ${modeButton("probability", PREDICTION.probability, overlay.mode, commands)}
      ${modeButton("uncertainty", PREDICTION.uncertainty, overlay.mode, commands)}
    </div>
    ${overlay.mode === "probability" ? colourScale(state, commands) : nothing}
    ${overlay.mode === "uncertainty" ? doubtScale() : nothing}
    ${slider("threshold", PREDICTION.threshold, overlay.threshold, [0.01, 0.99], (threshold) =>
      commands.adjustOverlay({ threshold }),
    )}
    ${slider("opacity", PREDICTION.opacity, overlay.opacity, [0, 1], (opacity) =>
      commands.adjustOverlay({ opacity }),
    )}
    ${outlines(state, commands)}
  </section>`;
}

function modeButton(
  mode: OverlayMode,
  text: string,
  current: OverlayMode,
  commands: Commands,
): TemplateResult {
  return html`<button type="button" data-testid="mode-${mode}"
    aria-pressed=${mode === current ? "true" : "false"}
    @click=${() => commands.adjustOverlay({ mode })}
  >${text}</button>`;
}

function slider(
  testId: string,
  name: string,
  value: number,
  [low, high]: readonly [number, number],
  onInput: (value: number) => void,
): TemplateResult {
  const filled = { "--filled": `${(100 * (value - low)) / (high - low)}%` };
  return html`<label class="field slider">
    <span class="field-name">${name}</span>
    <input type="range" data-testid=${testId} min=${low} max=${high} step="0.01"
      style=${styleMap(filled)} .value=${live(String(value))}
      @input=${(event: Event) => onInput((event.target as HTMLInputElement).valueAsNumber)} />
    <output>${value.toFixed(2)}</output>
  </label>`;
}

/** The colour map, where the threshold cuts it, and of which class it is. */
function colourScale(state: AppState, commands: Commands): TemplateResult {
  const run = selectedRun(state);
  const shown = run && shownClass(state, run);
  const cut = { left: `${state.overlay.threshold * 100}%` };
  return html`
    ${
      run && run.classes.length > 1
        ? html`<label class="field">
          <span class="field-name">${COMMON.class}</span>
          <select data-testid="class-picker" .value=${live(shown?.name ?? "")}
            @change=${(event: Event) =>
              commands.adjustOverlay({ className: (event.target as HTMLSelectElement).value })}>
            ${run.classes.map(
              ({ name }) =>
                html`<option value=${name} ?selected=${name === shown?.name}>${name}</option>`,
            )}
          </select>
        </label>`
        : nothing
    }
    <div class="colour-scale" aria-hidden="true">
      <div class="colour-bar" style=${styleMap({ backgroundImage: viridisGradient() })}>
        <span class="colour-cut" style=${styleMap(cut)}></span>
      </div>
      <div class="colour-ends"><span>0</span><span>${shown ? PREDICTION.probabilityOf(shown.name) : PREDICTION.probabilityScale}</span><span>1</span></div>
    </div>
  `;
}

function doubtScale(): TemplateResult {
  return html`<div class="colour-scale">
    <div class="colour-bar" style=${styleMap({ backgroundImage: doubtGradient() })}></div>
    <div class="colour-ends"><span>${PREDICTION.sure}</span><span>${PREDICTION.doubtful}</span></div>
  </div>`;
}

function outlines(state: AppState, commands: Commands): TemplateResult {
  const { overlay, outlinesAvailable } = state;
  const hint = overlay.outlines && !outlinesAvailable && selectedRun(state) !== null;
  return html`<div class="toggle-row">
    ${toggle("outlines-toggle", PREDICTION.outlines, overlay.outlines, (on) =>
      commands.adjustOverlay({ outlines: on }),
    )}
    ${hint ? html`<span class="field-note">${PREDICTION.zoomIn}</span>` : nothing}
  </div>`;
}

function toggle(
  testId: string,
  name: string,
  checked: boolean,
  onChange: (checked: boolean) => void,
): TemplateResult {
  return html`<label class="toggle">
    <input type="checkbox" data-testid=${testId} .checked=${live(checked)}
      @change=${(event: Event) => onChange((event.target as HTMLInputElement).checked)} />
    <span>${name}</span>
  </label>`;
}
