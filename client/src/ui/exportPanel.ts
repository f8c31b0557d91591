/** Files to take along: of the view, of the run on show, of the annotations on show. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { DrawnFile, FindingsApi, RunFile } from "../api/findings";
import { openDetail, selectedRun } from "../state/selectors";
import type { AppState } from "../state/state";
import { EXPORT } from "../words/findings";

const RUN_FILES: readonly RunFile[] = ["annotation.geojson", "annotation.json", "mask.tiff"];

const DRAWN_FILES: readonly DrawnFile[] = ["document.geojson", "document.json"];

export function exportPanel(
  state: AppState,
  api: Pick<FindingsApi, "runFileUrl" | "drawnFileUrl">,
  onPicture: () => void,
): TemplateResult | typeof nothing {
  if (!openDetail(state)) return nothing;
  const run = selectedRun(state);
  return html`<section class="panel-section" aria-labelledby="export-title">
    <h2 id="export-title">${EXPORT.title}</h2>
    <ul class="export-list">
      <li><button class="link" data-testid="export-picture" @click=${onPicture}>${EXPORT.view}</button>
        <span class="field-note">${EXPORT.viewNote}</span></li>
      ${run?.report ? ofRun(run.id, state, api) : nothing}
      ${drawn(state, api)}
    </ul>
    ${run && !run.report ? html`<p class="field-note">${EXPORT.moreWhenDone}</p>` : nothing}
  </section>`;
}

function ofRun(
  run: string,
  { overlay }: AppState,
  api: Pick<FindingsApi, "runFileUrl">,
): TemplateResult {
  const report = `${api.runFileUrl(run, "report.html")}?threshold=${overlay.threshold.toFixed(2)}`;
  return html`
    <li><a href=${report} target="_blank" rel="noopener" data-testid="export-report">${EXPORT.runFiles["report.html"].name}</a>
      <span class="field-note">${EXPORT.runFiles["report.html"].note}</span></li>
    ${RUN_FILES.map(
      (file) => html`<li>
        <a href=${api.runFileUrl(run, file)} download data-testid="export-${file}">${EXPORT.runFiles[file].name}</a>
        <span class="field-note">${EXPORT.runFiles[file].note}</span>
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
          (file) =>
            html` <a href=${api.drawnFileUrl(id, file)} download>${EXPORT.drawnFiles[file]}</a>`,
        )}
      </li>`,
    );
}
