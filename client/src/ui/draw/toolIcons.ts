/** One line icon per tool, 16 px, as the viewer's others. */
import { html, type SVGTemplateResult, svg, type TemplateResult } from "lit-html";
import type { ToolName } from "../../draw/state";

function icon(paths: SVGTemplateResult): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">${paths}</svg>`;
}

export const TOOL_ICONS: Readonly<Record<ToolName, TemplateResult>> = {
  pan: icon(
    svg`<path d="M8 2v12M2 8h12M8 2L6.3 3.7M8 2l1.7 1.7M8 14l-1.7-1.7M8 14l1.7-1.7M2 8l1.7-1.7M2 8l1.7 1.7M14 8l-1.7-1.7M14 8l-1.7 1.7" />`,
  ),
  select: icon(svg`<path d="M4 2.5l8 6.2-3.7.5 2 3.9-1.6.8-2-3.9L4 12.6z" />`),
  polygon: icon(
    svg`<path d="M3 6l6-3 4.5 5.5L9 13l-5-1.5z" /><path d="M2.2 5.2h1.6v1.6H2.2zM8.2 2.2h1.6v1.6H8.2zM12.7 7.7h1.6v1.6h-1.6z" />`,
  ),
  lasso: icon(
    svg`<path d="M8 3c3.5 0 6 1.7 6 4s-2.5 4-6 4-6-1.700-6-4 2.500-4 6-4z" stroke-dasharray="2.4 1.5" /><path d="M5 10.700c-.6 1.300-.2 2.300-1.500 3" />`,
  ),
  brush: icon(
    svg`<path d="M13.500 2.500L7 9M7 9c-1.500-.3-2.800.5-3 2-.1 1-.6 1.700-1.500 2 2.500.9 5.700.3 6-2 .1-1-.4-1.800-1.500-2z" />`,
  ),
  eraser: icon(svg`<path d="M9.500 3l4 4-6 6h-3l-2-2zM6 6.500l4 4M7.500 13H14" />`),
  rectangle: icon(svg`<path d="M2.500 4h11v8h-11z" />`),
  ellipse: icon(svg`<ellipse cx="8" cy="8" rx="6" ry="4.300" />`),
  point: icon(
    svg`<circle cx="8" cy="8" r="2" /><path d="M8 2v2.500M8 11.500V14M2 8h2.500M11.500 8H14" />`,
  ),
  split: icon(
    svg`<circle cx="4" cy="4" r="1.800" /><circle cx="4" cy="12" r="1.800" /><path d="M5.500 5.200L14 12M5.500 10.800L14 4" />`,
  ),
  accept: icon(svg`<path d="M2.500 8.500l3.500 3.500 7.500-8" />`),
};

export const DRAW_ICONS = {
  undo: icon(svg`<path d="M3 6.500h7a3.200 3.200 0 0 1 0 6.500H6M5.500 4L3 6.500 5.500 9" />`),
  redo: icon(svg`<path d="M13 6.500H6a3.200 3.200 0 0 0 0 6.500h4M10.500 4L13 6.500 10.500 9" />`),
  subtract: icon(svg`<path d="M2.500 2.500h7v7h-7z" /><path d="M8 13.500h6" />`),
  merge: icon(svg`<path d="M2.500 2.500h7v4h4v7h-7v-4h-4z" />`),
  help: icon(
    svg`<path d="M5.500 6a2.500 2.500 0 1 1 3.600 2.200c-.8.400-1.100.9-1.100 1.800M8 12.400v.3" />`,
  ),
  eye: icon(
    svg`<path d="M1.500 8s2.500-4 6.500-4 6.500 4 6.500 4-2.500 4-6.500 4-6.500-4-6.500-4z" /><circle cx="8" cy="8" r="1.800" />`,
  ),
  hidden: icon(
    svg`<path d="M1.500 8s2.500-4 6.500-4 6.500 4 6.500 4-2.500 4-6.500 4-6.500-4-6.500-4zM3 13L13 3" />`,
  ),
  lock: icon(svg`<path d="M3.500 7.500h9v6h-9zM5.500 7.500V5a2.500 2.500 0 0 1 5 0v2.500" />`),
  unlocked: icon(svg`<path d="M3.500 7.500h9v6h-9zM5.500 7.500V5a2.500 2.500 0 0 1 4.800-1" />`),
  clock: icon(svg`<circle cx="8" cy="8" r="5.500" /><path d="M8 4.800V8l2.200 1.600" />`),
  more: icon(
    svg`<path d="M3.5 8h.1M8 8h.1M12.500 8h.1" stroke-width="2.200" stroke-linecap="round" />`,
  ),
  bin: icon(
    svg`<path d="M3 4.500h10M6.500 4.500V3h3v1.500M4.500 4.500l.6 9h5.800l.6-9M6.800 7v4M9.200 7v4" />`,
  ),
  pencil: icon(svg`<path d="M3 13l.6-2.800 7.200-7.200 2.200 2.200-7.200 7.200z" />`),
};
