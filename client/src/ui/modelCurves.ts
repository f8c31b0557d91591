/** How a model was trained: its loss, and its Dice on the validation pictures, epoch by epoch. */
import { html, svg, type TemplateResult } from "lit-html";
import type { Epoch } from "../api/learn";
import { dicePlot, lossPlot, PLOT, type Plot } from "../model/curves";
import type { Loadable } from "../state/state";
import { CURVES } from "../words/models";
import { problemNote } from "./problemNote";

export function modelCurves(epochs: Loadable<readonly Epoch[]>): TemplateResult {
  if (epochs.status === "loading") return html`<p class="placeholder">${CURVES.loading}</p>`;
  if (epochs.status === "failed") return problemNote(epochs.problem);
  if (epochs.value.length === 0) {
    return html`<p class="placeholder" data-testid="no-curves">${CURVES.none}</p>`;
  }
  return html`<div class="curves" data-testid="curves">
    ${figure(CURVES.loss, lossPlot(epochs.value), epochs.value)}
    ${figure(CURVES.dice, dicePlot(epochs.value), epochs.value)}
  </div>`;
}

function figure(title: string, plot: Plot, epochs: readonly Epoch[]): TemplateResult {
  const { width, height } = PLOT;
  const said = plot.curves.map(({ name, last }) => `${name} ${last.toFixed(3)}`).join(", ");
  return html`<figure>
    <figcaption>${title}</figcaption>
    <svg viewBox="-34 -6 ${width + 42} ${height + 24}" role="img" aria-label=${CURVES.atEnd(title, said)}>
      <path class="axes" d="M0 0V${height}H${width}" />
      <text x="-6" y="4" text-anchor="end">${plot.high.toPrecision(2)}</text>
      <text x="-6" y=${height} text-anchor="end">${plot.low}</text>
      <text x="0" y=${height + 14}>${CURVES.epoch(epochs[0]?.epoch ?? 1)}</text>
      <text x=${width} y=${height + 14} text-anchor="end">${epochs.at(-1)?.epoch ?? ""}</text>
      ${plot.curves.map(({ path, hue }) => svg`<path class="curve" data-hue=${hue % 6} d=${path} />`)}
    </svg>
    <ul class="curve-names">${plot.curves.map(
      ({ name, hue, last }) => html`<li><span class="curve-key" data-hue=${hue % 6}></span>${name}
        <span class="legend-figure">${last.toFixed(3)}</span></li>`,
    )}</ul>
  </figure>`;
}
