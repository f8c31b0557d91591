/** Over two compared views: what stands on either side, and how they are laid together. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { ComparedWith } from "../api/types";
import { formatTime } from "../model/format";
import type { Commands } from "../state/commands";
import {
  type Candidate,
  type ComparisonMode,
  candidates,
  isSame,
  runCandidate,
} from "../state/comparison";
import type { AppState } from "../state/state";
import { COMPARE } from "../words/compare";
import { ICONS } from "./icons";

const MODES: readonly ComparisonMode[] = ["side", "swipe", "difference"];

export function comparisonBar(
  state: AppState,
  commands: Commands,
): TemplateResult | typeof nothing {
  const { comparison, slide } = state;
  if (!comparison || !slide) return nothing;
  const { other, mode } = comparison;
  const isRun = other.kind === "run";
  return html`<div class="comparison-bar" data-testid="comparison-bar" role="group" aria-label=${COMPARE.bar}>
    ${picker(
      "compare-this",
      COMPARE.left,
      (slide.runs ?? []).map(runCandidate),
      { kind: "run", id: slide.runId ?? "" },
      ({ id }) => commands.selectRun(id),
    )}
    <button class="quiet icon-only" title=${COMPARE.swap} aria-label=${COMPARE.swap}
      data-testid="compare-swap" ?disabled=${!isRun} @click=${() => commands.swapComparison()}
    >${ICONS.swap}</button>
    ${picker("compare-other", COMPARE.right, candidates(state), other, (chosen) =>
      commands.changeComparison({ other: chosen }),
    )}
    <div class="segmented" role="group" aria-label=${COMPARE.how}>
      ${MODES.map(
        (each) => html`<button type="button" data-testid="compare-${each}"
          aria-pressed=${each === mode ? "true" : "false"}
          @click=${() => commands.changeComparison({ mode: each })}>${COMPARE.modes[each]}</button>`,
      )}
    </div>
    <button class="quiet icon-only" title=${COMPARE.end} aria-label=${COMPARE.end}
      data-testid="compare-end" @click=${() => commands.endComparison()}>${ICONS.cross}</button>
  </div>`;
}

function picker(
  testId: string,
  label: string,
  options: readonly Candidate[],
  chosen: ComparedWith,
  onChange: (chosen: ComparedWith) => void,
): TemplateResult {
  const choose = (event: Event): void => {
    const option = options[(event.target as HTMLSelectElement).selectedIndex];
    if (option) onChange(option.other);
  };
  const now = new Date();
  return html`<select data-testid=${testId} aria-label=${label} title=${label} @change=${choose}>
    ${options.map(
      (each) => html`<option ?selected=${isSame(each.other, chosen)}
        .selected=${isSame(each.other, chosen)}>${nameOf(each, now)}</option>`,
    )}
  </select>`;
}

/** "tumor@2 · today 10:20", "drawn: ROI 3 · by Ada". */
export function nameOf({ other, name, at, by }: Candidate, now: Date): string {
  const when = at ? formatTime(at, now) : "";
  const parts = other.kind === "run" ? [name, when] : [COMPARE.drawn(name), by || when];
  return parts.filter(Boolean).join(" · ");
}
