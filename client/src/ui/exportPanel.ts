/** Files to take along: of the view, of the run on show, of the annotations on show. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { DrawnFile, FindingsApi, RunFile } from "../api/findings";
import { openDetail, selectedRun } from "../state/selectors";
import type { AppState } from "../state/state";

const RUN_FILES: readonly (readonly [RunFile, string, string])[] = [
  ["annotation.geojson", "Outlines for QuPath", "GeoJSON in base pixels"],
  ["annotation.json", "Outlines for a DSA", "annotation documents"],
  ["mask.tiff", "Class mask", "a pyramid of class codes"],
];

const DRAWN_FILES: readonly (readonly [DrawnFile, string])[] = [
  ["document.geojson", "QuPath"],
  ["document.json", "DSA"],
];

export function exportPanel(
  state: AppState,
  api: Pick<FindingsApi, "runFileUrl" | "drawnFileUrl">,
  onPicture: () => void,
): TemplateResult | typeof nothing {
  if (!openDetail(state)) return nothing;
  const run = selectedRun(state);
  return html`<section class="panel-section" aria-labelledby="export-title">
    <h2 id="export-title">Export</h2>
    <ul class="export-list">
      <li><button class="link" data-testid="export-picture" @click=${onPicture}>This view</button>
        <span class="field-note">a PNG with its scale bar</span></li>
      ${run?.report ? ofRun(run.id, state, api) : nothing}
      ${drawn(state, api)}
    </ul>
    ${run && !run.report ? html`<p class="field-note">More once the run is done.</p>` : nothing}
  </section>`;
}

function ofRun(
  run: string,
  { overlay }: AppState,
  api: Pick<FindingsApi, "runFileUrl">,
): TemplateResult {
  const report = `${api.runFileUrl(run, "report.html")}?threshold=${overlay.threshold.toFixed(2)}`;
  return html`
    <li><a href=${report} target="_blank" rel="noopener" data-testid="export-report">Report</a>
      <span class="field-note">one page to print, as on show</span></li>
    ${RUN_FILES.map(
      ([file, name, note]) => html`<li>
        <a href=${api.runFileUrl(run, file)} download data-testid="export-${file}">${name}</a>
        <span class="field-note">${note}</span>
      </li>`,
    )}`;
}

function drawn({ slide }: AppState, api: Pick<FindingsApi, "drawnFileUrl">): TemplateResult[] {
  const { annotations } = slide ?? {};
  if (annotations?.status !== "ready") return [];
  return annotations.value
    .filter(({ id }) => slide && id in slide.drawn)
    .map(
      ({ id, name }) => html`<li>${name}:
        ${DRAWN_FILES.map(
          ([file, program]) => html` <a href=${api.drawnFileUrl(id, file)} download>${program}</a>`,
        )}
      </li>`,
    );
}
