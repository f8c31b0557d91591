/** What lies over the stage: the slide's name, or why there is nothing to see. */
import { html, nothing, type TemplateResult } from "lit-html";
import { formatMpp, formatPixels } from "../model/format";
import { inArchive, openDetail } from "../state/selectors";
import type { AppState } from "../state/state";
import { COMMON } from "../words/common";
import { STAGE } from "../words/stage";
import { problemNote } from "./problemNote";

export function stageHeader(state: AppState): TemplateResult | typeof nothing {
  const detail = openDetail(state);
  if (!detail) return nothing;
  const { name, width, height, mpp } = detail;
  return html`<span class="stage-title">${name}</span>
    <span class="stage-facts">${formatPixels(width, height)}</span>
    <span class="stage-facts">${mpp ? formatMpp(mpp) : COMMON.pixelSizeUnknown}</span>`;
}

/** In the middle of an empty stage. */
export function stageMessage(state: AppState): TemplateResult | typeof nothing {
  const { slide, slides } = state;
  if (!slide) {
    const how = inArchive(state) ? STAGE.chooseInArchive : STAGE.choose;
    const text = slides.status === "loading" ? "" : how;
    return html`<p class="placeholder">${text}</p>`;
  }
  if (slide.detail.status === "loading") return html`<p class="placeholder">${STAGE.opening}</p>`;
  return slide.detail.status === "failed" ? problemNote(slide.detail.problem) : nothing;
}
