/** What a segmentation would be like: scale, tissue, time and room, and a few tiles of it. */
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { repeat } from "lit-html/directives/repeat.js";
import type { LaunchApi, Precision, Preflight, Runtime, SampleTile } from "../api/launch";
import { formatArea, formatShare } from "../model/format";
import {
  formatBytes,
  readMpp,
  scaleVerdict,
  slideScaleWords,
  timeSource,
  timeWords,
} from "../model/launch";
import type { Commands } from "../state/commands";
import type { LaunchState } from "../state/launch";
import { chosenModel, openDetail, segmentObstacle } from "../state/selectors";
import type { AppState, OverlaySettings } from "../state/state";
import { COMMON } from "../words/common";
import { JOB_STAGES } from "../words/jobs";
import { formatInteger } from "../words/language";
import { CHECK } from "../words/launch";
import { SEGMENT } from "../words/segment";
import { UNITS } from "../words/units";
import { ICONS } from "./icons";
import { problemNote } from "./problemNote";

export type SampleUrl = LaunchApi["sampleUrl"];

/** Opens the card; under *Segment*. */
export function checkButton(state: AppState, commands: Commands): TemplateResult {
  const detail = openDetail(state);
  const isIdle = !detail?.editable || chosenModel(state) === null;
  return html`<button class="check-button" data-testid="check-button" ?disabled=${isIdle}
    title=${CHECK.openTitle}
    @click=${() => commands.launch.check()}>${CHECK.open}</button>`;
}

export function preflightCard(
  state: AppState,
  commands: Commands,
  sampleUrl: SampleUrl,
): TemplateResult | typeof nothing {
  const { launch } = state;
  if (!launch.check) return nothing;
  return html`<dialog class="preflight" data-testid="preflight" aria-labelledby="preflight-title"
    @close=${() => commands.launch.closeCheck()}>
    <header class="preflight-head">
      <h2 id="preflight-title">${CHECK.title(openDetail(state)?.name ?? "")}</h2>
      <button class="quiet icon-only" title=${COMMON.closeByKey} aria-label=${COMMON.close} data-testid="preflight-close"
        @click=${() => commands.launch.closeCheck()}>${ICONS.cross}</button>
    </header>
    <div class="preflight-body">
      ${content(state, commands, sampleUrl)} ${scaleField(launch, commands)} ${advanced(launch, commands)}
    </div>
    <footer class="preflight-foot">
      <p class="field-note">${footNote(state)}</p>
      <button class="primary" data-testid="preflight-segment" ?disabled=${segmentObstacle(state) !== null}
        @click=${() => commands.launch.segmentChecked()}>${SEGMENT.title}</button>
    </footer>
  </dialog>`;
}

function footNote(state: AppState): string {
  const model = chosenModel(state);
  const part =
    state.region.scope === "drawn" && state.region.box ? CHECK.drawnRegion : CHECK.wholeSlide;
  return model ? CHECK.plan(COMMON.version(model.name, model.version), part) : "";
}

function content(state: AppState, commands: Commands, sampleUrl: SampleUrl): TemplateResult {
  const { check } = state.launch;
  if (check?.status === "failed") return problemNote(check.problem);
  if (check?.status !== "ready") {
    return html`<div class="preflight-wait" role="status"><progress aria-label=${CHECK.looking}></progress>
      <p class="placeholder">${CHECK.opening}</p></div>`;
  }
  const found = check.value;
  return html`${found.warnings.map(
    (each) => html`<p class="preflight-warning" data-testid="preflight-warning">
      ${ICONS.warning}<span>${each}</span></p>`,
  )}
    <dl class="preflight-facts">${facts(found)}</dl>
    ${samples(found, state, commands, sampleUrl)}`;
}

function facts({ scale, tissue, tiles, time, disk, samples }: Preflight): TemplateResult {
  const fact = (
    name: string,
    value: unknown,
    note: unknown,
    testId: string,
  ) => html`<div data-testid=${testId}>
    <dt>${name}</dt><dd>${value}<span class="fact">${note}</span></dd></div>`;
  const unknown = samples.state === "running" ? CHECK.measuring : CHECK.notKnown;
  return html`
    ${fact(COMMON.slide, slideScaleWords(scale), CHECK.modelScale(UNITS.micrometresPerPixel(String(scale.model))), "fact-scale")}
    ${fact(CHECK.resampling, scaleVerdict(scale), "", "fact-resampling")}
    ${fact(CHECK.tissue, formatShare(tissue.share), formatArea(tissue.mm2), "fact-tissue")}
    ${fact(
      CHECK.tiles,
      formatInteger(tiles.tissue),
      tiles.tissue < tiles.total ? CHECK.ofTiles(formatInteger(tiles.total)) : CHECK.noGlass,
      "fact-tiles",
    )}
    ${fact(CHECK.time, time ? timeWords(time) : unknown, time ? timeSource(time) : "", "fact-time")}
    ${fact(
      CHECK.disk,
      CHECK.atMost(formatBytes(disk.needed)),
      html`<span class=${disk.enough ? "" : "caution"}>${
        disk.enough
          ? CHECK.free(formatBytes(disk.free))
          : CHECK.freeTooLittle(formatBytes(disk.free))
      }</span>`,
      "fact-disk",
    )}
  `;
}

function samples(
  found: Preflight,
  { launch, overlay }: AppState,
  commands: Commands,
  sampleUrl: SampleUrl,
): TemplateResult | typeof nothing {
  const { state, problem, tiles } = found.samples;
  if (problem) return problemNote(problem);
  if (tiles.length === 0) return nothing;
  const isReady = state === "done";
  return html`<section aria-labelledby="samples-title">
    <div class="samples-head">
      <h3 id="samples-title">${CHECK.samples}</h3>
      ${legend(found)}
      <label class="toggle"><input type="checkbox" data-testid="samples-overlay" .checked=${live(launch.overlaid)}
        @change=${(event: Event) => commands.launch.overlay((event.target as HTMLInputElement).checked)} />
        <span>${COMMON.prediction}</span></label>
    </div>
    <ul class="samples" data-testid="samples" data-state=${state}>
      ${repeat(
        tiles,
        ({ picture }) => picture,
        (tile, index) =>
          html`<li>${
            isReady
              ? sample(tile, index, found, launch.overlaid, overlay, commands, sampleUrl)
              : html`<div class="sample sample-wait"><progress aria-label=${JOB_STAGES.predict}></progress>
                <span>${index === 0 ? CHECK.predictingSamples : ""}</span></div>`
          }</li>`,
      )}
    </ul>
  </section>`;
}

function sample(
  tile: SampleTile,
  index: number,
  { slide }: Preflight,
  isOverlaid: boolean,
  { threshold, opacity }: OverlaySettings,
  commands: Commands,
  sampleUrl: SampleUrl,
): TemplateResult {
  return html`<button class="sample" data-testid="sample" title=${CHECK.goThere}
    aria-label=${CHECK.goToSample(index + 1)} @click=${() => commands.launch.goTo(slide, tile.box)}>
    <img src=${sampleUrl(tile, "picture", threshold)} alt=${CHECK.sampleTissue(index + 1)} />
    <img class="sample-overlay" data-testid="sample-overlay" ?hidden=${!isOverlaid} alt=""
      style="opacity: ${opacity}" src=${sampleUrl(tile, "class", threshold)} />
  </button>`;
}

function legend({ classes }: Preflight): TemplateResult {
  return html`<ul class="samples-legend">${classes.map(
    ({ name, color }) =>
      html`<li><span class="swatch" style="background: ${color}"></span>${name}</li>`,
  )}</ul>`;
}

function scaleField(launch: LaunchState, commands: Commands): TemplateResult {
  const { check, options } = launch;
  const isDoubtful =
    check?.status === "failed" || (check?.status === "ready" && check.value.scale.doubtful);
  const give = (event: SubmitEvent) => {
    event.preventDefault();
    const field = (event.target as HTMLFormElement).elements.namedItem("mpp") as HTMLInputElement;
    const said = readMpp(field.value);
    const isWrong = said === null && field.value.trim() !== "";
    field.setCustomValidity(isWrong ? CHECK.pixelSizeRange : "");
    if (isWrong) field.reportValidity();
    else commands.launch.adjust({ slideMpp: said });
  };
  return html`<details class="preflight-more" ?open=${isDoubtful || options.slideMpp !== null}>
    <summary>${CHECK.scaleWrong}</summary>
    <form class="scale-form" @submit=${give} @input=${(event: Event) => {
      (event.target as HTMLInputElement).setCustomValidity("");
    }}>
      <label>${CHECK.beforePixelSize} <input name="mpp" inputmode="decimal" size="6" data-testid="slide-mpp"
        .value=${options.slideMpp === null ? "" : String(options.slideMpp)} placeholder="0.25" /> ${CHECK.afterPixelSize}</label>
      <button data-testid="slide-mpp-set">${COMMON.lookAgain}</button>
      <span class="field-note">${CHECK.usualPixelSizes}</span>
    </form>
  </details>`;
}

const PRECISIONS: readonly Precision[] = ["fp32", "int8"];
const RUNTIMES: readonly Runtime[] = ["auto", "openvino", "tensorflow"];

function advanced({ options }: LaunchState, commands: Commands): TemplateResult {
  const isUsual = options.precision === "fp32" && options.runtime === "auto";
  return html`<details class="preflight-more" data-testid="advanced" ?open=${!isUsual}>
    <summary>${CHECK.advanced}</summary>
    <div class="advanced-fields">
      ${picker(
        "precision",
        CHECK.precision,
        PRECISIONS,
        CHECK.precisions,
        options.precision,
        (precision) => commands.launch.adjust({ precision }),
      )}
      ${picker("runtime", CHECK.runtime, RUNTIMES, CHECK.runtimes, options.runtime, (runtime) =>
        commands.launch.adjust({ runtime }),
      )}
    </div>
  </details>`;
}

function picker<T extends string>(
  testId: string,
  name: string,
  choices: readonly T[],
  words: Readonly<Record<T, string>>,
  chosen: T,
  pick: (value: T) => void,
): TemplateResult {
  return html`<label class="field"><span class="field-name">${name}</span>
    <select data-testid="pick-${testId}" .value=${live(chosen)}
      @change=${(event: Event) => pick((event.target as HTMLSelectElement).value as T)}>
      ${choices.map((value) => html`<option value=${value} ?selected=${value === chosen}>${words[value]}</option>`)}
    </select></label>`;
}
