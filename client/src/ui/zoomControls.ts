/** Zooming without a wheel. */
import { html, type TemplateResult } from "lit-html";
import { COMMON } from "../words/common";
import { STAGE } from "../words/stage";
import { ICONS } from "./icons";

export interface Zoomable {
  zoomBy(factor: number): void;
  home(): void;
}

const STEP = 1.6;

export function zoomControls(stage: Zoomable): TemplateResult {
  const button = (label: string, icon: TemplateResult, press: () => void) =>
    html`<button title=${label} aria-label=${label} @click=${press}>${icon}</button>`;
  return html`
    ${button(STAGE.zoomIn, ICONS.plus, () => stage.zoomBy(STEP))}
    ${button(STAGE.zoomOut, ICONS.minus, () => stage.zoomBy(1 / STEP))}
    ${button(COMMON.wholeSlide, ICONS.home, () => stage.home())}
  `;
}
