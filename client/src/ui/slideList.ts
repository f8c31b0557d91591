/** The left rail: which slides there are, how large, and which cannot be opened and why. */
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { SlideSummary } from "../api/types";
import { formatMillimetres, formatMpp, formatPixels } from "../model/format";
import type { Commands } from "../state/commands";
import { inArchive } from "../state/selectors";
import type { AppState } from "../state/state";
import { COMMON } from "../words/common";
import { SLIDES } from "../words/slides";
import { batchBar, chooseButton, slideBox } from "./batchBar";
import { ICONS } from "./icons";
import { problemNote } from "./problemNote";
import { shelfPanel } from "./shelfPanel";

export type ThumbnailUrl = (slide: SlideSummary, width: number) => string;

export function slideList(
  state: AppState,
  commands: Commands,
  thumbnailUrl: ThumbnailUrl,
): TemplateResult {
  return html`
    <header class="rail-header">
      <h2>${SLIDES.title}</h2>
      ${chooseButton(state, commands)}
      <button class="quiet icon-only" title=${SLIDES.look} aria-label=${SLIDES.look}
        @click=${() => commands.refreshSlides()}>${ICONS.refresh}</button>
    </header>
    ${shelfPanel(state, commands)} ${content(state, commands, thumbnailUrl)}
    ${batchBar(state, commands)}
  `;
}

function content(
  state: AppState,
  commands: Commands,
  thumbnailUrl: ThumbnailUrl,
): TemplateResult | typeof nothing {
  const { slides, slide } = state;
  if (slides.status === "loading") return html`<p class="placeholder">${SLIDES.loading}</p>`;
  if (slides.status === "failed") return problemNote(slides.problem);
  if (slides.value.length === 0) return nothingHere(state);
  return html`<ul class="slide-list">
    ${repeat(
      slides.value,
      ({ id }) => id,
      (each) =>
        html`<li>${slideBox(state, each, commands)} ${entry(each, each.id === slide?.id, commands, thumbnailUrl)}</li>`,
    )}
  </ul>`;
}

function nothingHere(state: AppState): TemplateResult | typeof nothing {
  const { shelf } = state;
  const say = (text: string) => html`<p class="placeholder" data-testid="nothing-here">${text}</p>`;
  if (!inArchive(state)) {
    return say(SLIDES.none);
  }
  if (shelf.search) return say(SLIDES.noneFound);
  const folders = shelf.folders.status === "ready" ? shelf.folders.value.length : 0;
  if (folders > 0) return nothing;
  return shelf.way.length === 0 ? say(SLIDES.noCollections) : say(SLIDES.emptyFolder);
}

function entry(
  slide: SlideSummary,
  isOpen: boolean,
  commands: Commands,
  thumbnailUrl: ThumbnailUrl,
): TemplateResult {
  const { problem } = slide;
  return html`<button
    class="slide-item" data-testid="slide-item" data-slide=${slide.id}
    aria-current=${isOpen ? "true" : nothing} ?disabled=${problem !== null}
    @click=${(event: MouseEvent) =>
      event.shiftKey ? commands.launch.select(slide.id, true) : commands.openSlide(slide.id)}
  >
    <span class="thumbnail">
      ${problem ? ICONS.warning : html`<img src=${thumbnailUrl(slide, 128)} alt="" loading="lazy" />`}
    </span>
    <span class="slide-text">
      <span class="slide-name" title=${slide.name}>${slide.name}</span>
      ${problem ? reason(problem) : facts(slide)}
    </span>
  </button>`;
}

function facts({ width, height, mpp }: SlideSummary): TemplateResult | typeof nothing {
  if (width === null || height === null) return nothing;
  return html`
    <span class="fact">${formatPixels(width, height)}</span>
    ${
      mpp
        ? html`<span class="fact">${formatMillimetres(width, height, mpp)}</span>
          <span class="fact">${formatMpp(mpp)}</span>`
        : html`<span class="fact caution">${COMMON.pixelSizeUnknown}</span>`
    }
  `;
}

function reason({ detail, hint }: NonNullable<SlideSummary["problem"]>): TemplateResult {
  return html`<span class="fact">${detail}</span>
    ${hint ? html`<span class="fact">${hint}</span>` : nothing}`;
}
