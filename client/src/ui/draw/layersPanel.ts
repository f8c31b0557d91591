/** The layers that can be drawn in: which one is, which are seen, which are locked. */
import { html, nothing, type TemplateResult } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { repeat } from "lit-html/directives/repeat.js";
import type { Desk } from "../../draw/desk";
import { type Layer, layersHere } from "../../draw/state";
import { DRAWING, LAYERS, VERSIONS } from "../../words/drawing";
import { formatInteger } from "../../words/language";
import { ICONS } from "../icons";
import { wordsFor } from "./drawBar";
import { DRAW_ICONS } from "./toolIcons";

export function layersPanel(
  desk: Desk,
  onVersions: (client: string) => void,
): TemplateResult | typeof nothing {
  if (desk.state.slide === null) return nothing;
  const layers = layersHere(desk.state);
  return html`<section class="panel-section" aria-labelledby="layers-title">
    <div class="section-head">
      <h2 id="layers-title">${DRAWING.title}</h2>
      <button class="quiet icon-only" title=${LAYERS.another} aria-label=${LAYERS.another}
        @click=${() => desk.addLayer()}>${ICONS.plus}</button>
    </div>
    ${
      layers.length === 0
        ? html`<p class="placeholder">${LAYERS.none}</p>`
        : html`<ul class="layer-list">
            ${repeat(
              layers,
              ({ client }) => client,
              (layer) => html`<li>${entry(layer, desk, onVersions)}</li>`,
            )}
          </ul>`
    }
  </section>`;
}

function entry(layer: Layer, desk: Desk, onVersions: (client: string) => void): TemplateResult {
  const { client, name, history, visible, locked, annotation } = layer;
  const mark = wordsFor(layer);
  const count = formatInteger(history.present.elements.length);
  return html`<div class="layer-item" data-testid="layer-item">
    <label class="layer-name" title=${LAYERS.drawIn(name)}>
      <input type="radio" name="layer" .checked=${live(desk.state.active === client)}
        @change=${() => desk.drawIn(client)} />
      <span class="slide-name">${name}</span>
    </label>
    <span class="annotation-count">${count}</span>
    ${toggle(
      visible ? LAYERS.hide : LAYERS.show,
      name,
      visible ? DRAW_ICONS.eye : DRAW_ICONS.hidden,
      () => desk.setVisible(client, !visible),
    )}
    ${toggle(
      locked ? LAYERS.unlock : LAYERS.lock,
      name,
      locked ? DRAW_ICONS.lock : DRAW_ICONS.unlocked,
      () => desk.setLocked(client, !locked),
    )}
    <button class="quiet icon-only" title=${VERSIONS.open} aria-label=${VERSIONS.openNamed(name)}
      data-testid="versions-button" ?disabled=${annotation === null}
      @click=${() => onVersions(client)}>${DRAW_ICONS.clock}</button>
    <span class="layer-mark" data-kind=${mark.kind} title=${mark.title}>${mark.text}</span>
  </div>`;
}

function toggle(
  words: { readonly title: string; readonly named: (name: string) => string },
  name: string,
  icon: TemplateResult,
  press: () => void,
): TemplateResult {
  return html`<button class="quiet icon-only" title=${words.title} aria-label=${words.named(name)}
    @click=${press}>${icon}</button>`;
}
