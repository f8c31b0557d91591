/** The other side of a comparison over the slide: a run's prediction or a person's areas. */
import type { Api } from "../../api/client";
import type { Box } from "../../model/box";
import type { Projection } from "../../model/projection";
import type { AppState } from "../../state/state";
import { type PredictionEvents, PredictionLayers } from "../predictionLayers";
import { AreaLayer } from "./areaLayer";

export class OtherLayers {
  private readonly prediction: PredictionLayers;
  private readonly areas: AreaLayer;

  constructor(surface: HTMLElement, api: Api, onTrouble: PredictionEvents["onTrouble"]) {
    // Whether outlines can be had is said once, of the view on the left.
    const events = { onTrouble, onOutlinesAvailable: () => undefined };
    this.prediction = new PredictionLayers(surface, api, events, "other");
    this.areas = new AreaLayer(this.prediction.host);
  }

  /** Null for nothing. */
  show(state: AppState | null): void {
    this.prediction.host.hidden = state === null;
    if (!state) return;
    this.prediction.show(state);
    this.areas.show(state);
  }

  draw(projection: Projection | null): void {
    if (this.prediction.host.hidden) return;
    this.prediction.draw(projection);
    this.areas.draw(projection);
  }

  invalidate(run: string, boxes: readonly Box[] | null): void {
    this.prediction.invalidate(run, boxes);
  }

  retry(): void {
    this.prediction.retry();
  }
}
