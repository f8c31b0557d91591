/** What the colours of a preview mean; they are those that the service paints with. */
import { html, nothing, type TemplateResult } from "lit-html";
import { styleMap } from "lit-html/directives/style-map.js";
import type { Dataset } from "../api/types";

/** Of the dots where the background is none of the classes. */
const NOWHERE = "#787878";

export function datasetLegend({ classes, background, rois }: Dataset): TemplateResult {
  const hasOthers = rois.some(({ pixels }) => pixels.none > 0);
  const rule = classes.find(({ name }) => name === background)?.color ?? NOWHERE;
  const taught = background ?? "none of the classes";
  return html`<ul class="dataset-legend" data-testid="dataset-legend" aria-label="Legend">
    ${classes.map(({ name, color }) => item("drawn", color, `${name}, drawn by people`))}
    ${hasOthers ? item("plain", "", "none of the classes") : nothing}
    ${item("by-rule", rule, `nobody drew: ${taught}, by rule`)}
    ${item("ignored", "", "ignored: teaches nothing")}
    ${item("conflict", "", "annotators disagree")}
  </ul>`;
}

function item(kind: string, color: string, text: string): TemplateResult {
  const style = color ? styleMap({ "--class": color }) : "";
  return html`<li><span class="tint ${kind}" style=${style}></span>${text}</li>`;
}
