/** Line icons, 16 px, drawn with the text's colour. */
import { html, type SVGTemplateResult, svg, type TemplateResult } from "lit-html";

function icon(paths: SVGTemplateResult): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">${paths}</svg>`;
}

export const ICONS = {
  plus: icon(svg`<path d="M8 3v10M3 8h10" />`),
  minus: icon(svg`<path d="M3 8h10" />`),
  home: icon(svg`<path d="M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3" />`),
  rectangle: icon(svg`<path d="M3 4h10v8H3z" stroke-dasharray="2.2 1.6" />`),
  ruler: icon(
    svg`<path d="M2.5 11L11 2.5 13.5 5 5 13.5zM5 8.5l1.2 1.2M7 6.5l1.8 1.8M9 4.5l1.2 1.2" />`,
  ),
  polygon: icon(svg`<path d="M3 6l5-3.5 5 4L11 13H5z" />`),
  swap: icon(svg`<path d="M3 5.5h9M9.5 3L12 5.5 9.5 8M13 10.5H4M6.5 8L4 10.5 6.5 13" />`),
  layers: icon(svg`<path d="M8 2.5l6 3-6 3-6-3zM2 8.5l6 3 6-3M2 11.5l6 3 6-3" />`),
  queue: icon(svg`<path d="M3 4h10M3 8h10M3 12h6" />`),
  back: icon(svg`<path d="M10 3.5L5.5 8l4.5 4.5" />`),
  forward: icon(svg`<path d="M6 3.5L10.5 8 6 12.5" />`),
  cross: icon(svg`<path d="M4 4l8 8M12 4l-8 8" />`),
  folder: icon(svg`<path d="M2 4.5h4l1.5 1.5H14v7H2z" />`),
  refresh: icon(svg`<path d="M13 8a5 5 0 1 1-1.6-3.7M13 2.5V5h-2.5" />`),
  model: icon(svg`<path d="M3 5l5-2.5L13 5v6l-5 2.5L3 11zM3 5l5 2.5L13 5M8 7.5v6" />`),
  review: icon(svg`<path d="M2.5 4h11v8h-11zM5 8l2 2 4-4" />`),
  people: icon(
    svg`<path d="M5.5 8a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6zM1.5 13c0-2.2 1.8-4 4-4s4 1.8 4 4M10.5 8a2 2 0 1 0-1-3.8M11.5 9.4c1.8.3 3 1.8 3 3.6" />`,
  ),
  warning: icon(svg`<path d="M8 2.5l6 11H2zM8 6.5v3.2M8 11.4v.4" />`),
};
