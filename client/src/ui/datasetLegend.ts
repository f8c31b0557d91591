/** What the colours of a preview mean; they are those that the service paints with. */
import { html, nothing, type TemplateResult } from "lit-html";
import { styleMap } from "lit-html/directives/style-map.js";
import type { Dataset } from "../api/types";
import { COMMON } from "../words/common";
import { DATASET_LEGEND } from "../words/datasets";

/** Of the dots where the background is none of the classes. */
const NOWHERE = "#787878";

export function datasetLegend({ classes, background, rois }: Dataset): TemplateResult {
  const hasOthers = rois.some(({ pixels }) => pixels.none > 0);
  const rule = classes.find(({ name }) => name === background)?.color ?? NOWHERE;
  const taught = background ?? COMMON.noneOfClasses;
  return html`<ul class="dataset-legend" data-testid="dataset-legend" aria-label=${DATASET_LEGEND.title}>
    ${classes.map(({ name, color }) => item("drawn", color, DATASET_LEGEND.drawn(name)))}
    ${hasOthers ? item("plain", "", COMMON.noneOfClasses) : nothing}
    ${item("by-rule", rule, DATASET_LEGEND.byRule(taught))}
    ${item("ignored", "", DATASET_LEGEND.ignored)}
    ${item("conflict", "", DATASET_LEGEND.conflict)}
  </ul>`;
}

function item(kind: string, color: string, text: string): TemplateResult {
  const style = color ? styleMap({ "--class": color }) : "";
  return html`<li><span class="tint ${kind}" style=${style}></span>${text}</li>`;
}
