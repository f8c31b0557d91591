/** Tools that measure on the slide. */
import { html, type TemplateResult } from "lit-html";
import type { MeasureKind } from "../model/measure";
import { STAGE } from "../words/stage";
import { ICONS } from "./icons";

export function measureControls(
  held: MeasureKind | null,
  take: (kind: MeasureKind | null) => void,
): TemplateResult {
  const button = (kind: MeasureKind, label: string, icon: TemplateResult) =>
    html`<button title=${label} aria-label=${label} data-testid="measure-${kind}"
      aria-pressed=${held === kind ? "true" : "false"}
      @click=${() => take(held === kind ? null : kind)}>${icon}</button>`;
  return html`
    ${button("length", STAGE.measureLength, ICONS.ruler)}
    ${button("area", STAGE.measureArea, ICONS.polygon)}
  `;
}
