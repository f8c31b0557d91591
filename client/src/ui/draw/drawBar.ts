/** Above the slide while one draws: with which class, in which layer, and whether it is saved. */
import { html, nothing, type TemplateResult } from "lit-html";
import { styleMap } from "lit-html/directives/style-map.js";
import type { Desk } from "../../draw/desk";
import { classOf, UNCLASSED } from "../../draw/element";
import { selection } from "../../draw/sketch";
import { activeLayer, type DeskState, type Layer, layersHere } from "../../draw/state";
import { COMMON } from "../../words/common";
import { DRAWING, SAVING } from "../../words/drawing";
import { ICONS } from "../icons";

/** So many classes have a key. */
const KEYS = 9;

export function drawBar(desk: Desk): TemplateResult {
  const { state } = desk;
  const draws = state.tool !== "pan";
  const marked = saveMark(state);
  const isShown = draws || marked !== null;
  return html`
    ${isShown ? html`<div class="draw-row">${draws ? palette(desk) : nothing}${marked ? markOf(marked) : nothing}</div>` : nothing}
    ${conflicts(desk)} ${note(desk)}
  `;
}

function palette(desk: Desk): TemplateResult {
  const { classes, className } = desk.state;
  if (classes.length === 0) {
    return html`<p class="draw-hint">${DRAWING.noClasses(UNCLASSED.name)}</p>`;
  }
  const isOther = selection(desk.sketch).some((each) => classOf(each).name !== className);
  return html`<div class="class-chips" role="group" aria-label=${DRAWING.classToDraw}>
    ${classes.map(({ name, colour }, index) => {
      const key = index < KEYS ? String(index + 1) : null;
      const title = key ? DRAWING.classTitle(name, key) : name;
      return html`<button class="class-chip" data-testid="class-chip" title=${title}
        aria-pressed=${name === className ? "true" : "false"}
        @click=${(event: MouseEvent) => (event.shiftKey ? desk.classifySelected(name) : desk.chooseClass(name))}>
        ${key ? html`<kbd>${key}</kbd>` : nothing}
        <span class="swatch" style=${styleMap({ background: colour })}></span>${name}
      </button>`;
    })}
    ${
      isOther && className
        ? html`<button class="quiet" title=${DRAWING.setOnSelectedTitle}
            @click=${() => desk.classifySelected(className)}>${DRAWING.setOnSelected}</button>`
        : nothing
    }
  </div>`;
}

interface Marked {
  readonly kind: string;
  readonly text: string;
  readonly title: string;
}

/** Of all layers the one that is worst off speaks; null where nothing was drawn. */
function saveMark(state: DeskState): Marked | null {
  const order = ["refused", "offline", "unsaved", "saving", "saved"];
  const worst = [...state.layers]
    .filter((layer) => layer.annotation !== null || layer.mark.kind !== "saved")
    .sort((a, b) => order.indexOf(a.mark.kind) - order.indexOf(b.mark.kind))[0];
  return worst ? wordsFor(worst) : null;
}

export function wordsFor({ mark, kept, name, conflict }: Layer): Marked {
  const { kind } = mark;
  const where = kept ? SAVING.kept : SAVING.notKept;
  switch (mark.kind) {
    case "saved":
      return conflict
        ? { kind: "conflict", text: SAVING.savedBeside, title: conflict }
        : { kind, text: SAVING.saved, title: SAVING.savedTitle(name) };
    case "saving":
      return { kind, text: SAVING.saving, title: SAVING.savingTitle(name, where) };
    case "unsaved":
      return { kind, text: SAVING.unsaved, title: SAVING.unsavedTitle(name, where) };
    case "offline":
      return { kind, text: SAVING.offline(where), title: mark.detail };
    case "refused":
      return { kind, text: SAVING.refused(where), title: mark.detail };
  }
}

function markOf({ kind, text, title }: Marked): TemplateResult {
  return html`<span class="save-mark" role="status" data-testid="save-mark" data-kind=${kind} title=${title}>${text}</span>`;
}

function conflicts(desk: Desk): TemplateResult[] {
  return layersHere(desk.state).flatMap(({ conflict, mark, client }) => {
    if (mark.kind === "refused" && activeLayer(desk.state)?.client === client) {
      return html`<div class="draw-note" role="alert" data-testid="draw-refused"><p>${mark.detail}</p>
        <button class="quiet" @click=${() => desk.saveNow()}>${COMMON.tryAgain}</button></div>`;
    }
    if (!conflict) return [];
    return html`<div class="draw-note" role="alert" data-testid="draw-conflict"><p>${conflict}</p>
      <button class="quiet icon-only" aria-label=${COMMON.dismiss} @click=${() => desk.dismissConflict(client)}>${ICONS.cross}</button></div>`;
  });
}

function note(desk: Desk): TemplateResult | typeof nothing {
  if (desk.state.note === null) return nothing;
  return html`<div class="draw-note plain" role="status" data-testid="draw-note"><p>${desk.state.note}</p>
    <button class="quiet icon-only" aria-label=${COMMON.dismiss} @click=${() => desk.dismissNote()}>${ICONS.cross}</button></div>`;
}
