/** Where the region comes from that was clicked: what it is, who or what has said so, from what. */
import { html, nothing, type TemplateResult } from "lit-html";
import { styleMap } from "lit-html/directives/style-map.js";
import type { DrawnRegion, RunRegion } from "../api/findings";
import { formatArea, formatTime } from "../model/format";
import type { Commands } from "../state/commands";
import type { Card } from "../state/findings";
import { COMMON } from "../words/common";
import { LINEAGE } from "../words/findings";
import { ICONS } from "./icons";

/** Digests are told apart by their beginning. */
const DIGEST_FIGURES = 12;

export interface CardCommands extends Pick<Commands, "openDatasets" | "selectRun"> {
  closeCard(): void;
}

export function lineageCard(
  card: Card | null,
  commands: CardCommands,
): TemplateResult | typeof nothing {
  if (!card) return nothing;
  const content =
    card.kind === "run" ? ofRun(card.found, commands) : ofDrawing(card.found, commands);
  return html`<section class="lineage-card" data-testid="lineage-card" aria-label=${COMMON.region}>
    <button class="quiet icon-only" aria-label=${COMMON.close} title=${COMMON.close}
      @click=${() => commands.closeCard()}>${ICONS.cross}</button>
    ${content}
  </section>`;
}

function ofRun({ region, lineage }: RunRegion, commands: CardCommands): TemplateResult {
  const { snapshot, annotators } = lineage;
  return html`
    ${head(region?.class ?? "", region?.color ?? "", region?.area_mm2 ?? null)}
    <dl class="region-facts">
      ${fact(LINEAGE.meanProbability, region?.probability.toFixed(2))}
      ${fact(LINEAGE.threshold, region?.threshold.toFixed(2))}
      ${fact(LINEAGE.model, lineage.model)}
      ${fact(LINEAGE.digest, short(lineage.digest), lineage.digest)}
      ${fact(LINEAGE.madeFrom, lineage.parent)}
      ${fact(LINEAGE.predicted, formatTime(lineage.created, new Date()))}
      ${fact(LINEAGE.askedForBy, lineage.by)}
      ${fact(LINEAGE.annotators, annotators?.join(", "))}
      <dt>${LINEAGE.trainingData}</dt>
      <dd>${
        snapshot === null
          ? LINEAGE.notRecorded
          : html`<button class="link" data-testid="lineage-dataset" title=${snapshot}
              @click=${() => commands.openDatasets(snapshot)}>${short(snapshot)}</button>`
      }</dd>
      <dt>${LINEAGE.run}</dt>
      <dd><button class="link" @click=${() => commands.selectRun(lineage.run)}>${lineage.run}</button></dd>
    </dl>`;
}

function ofDrawing({ region, annotation }: DrawnRegion, commands: CardCommands): TemplateResult {
  if (!annotation) return html``;
  const { run } = annotation;
  return html`
    ${head(region?.class || LINEAGE.noClass, "", region?.area_mm2 ?? null)}
    <dl class="region-facts">
      ${fact(LINEAGE.annotation, annotation.name)}
      ${fact(
        annotation.model ? LINEAGE.predictedBy : LINEAGE.drawnBy,
        annotation.model ?? (annotation.by || COMMON.nobodyNamed),
      )}
      ${fact(LINEAGE.changed, formatTime(annotation.updated, new Date()))}
      ${fact(LINEAGE.digest, short(annotation.digest), annotation.digest)}
      ${fact(LINEAGE.threshold, annotation.threshold?.toFixed(2))}
      ${
        run
          ? html`<dt>${LINEAGE.run}</dt><dd><button class="link"
              @click=${() => commands.selectRun(run)}>${run}</button></dd>`
          : nothing
      }
    </dl>`;
}

function head(name: string, color: string, mm2: number | null): TemplateResult {
  return html`<h2>
    ${color ? html`<span class="swatch" style=${styleMap({ backgroundColor: color })}></span>` : nothing}
    ${name}${mm2 === null ? "" : html` · ${formatArea(mm2)}`}
  </h2>`;
}

function fact(
  name: string,
  value: string | null | undefined,
  title?: string | null,
): TemplateResult | typeof nothing {
  if (!value) return nothing;
  return html`<dt>${name}</dt><dd title=${title ?? nothing}>${value}</dd>`;
}

function short(digest: string | null): string | null {
  return (
    digest && (digest.length > DIGEST_FIGURES ? `${digest.slice(0, DIGEST_FIGURES)}…` : digest)
  );
}
