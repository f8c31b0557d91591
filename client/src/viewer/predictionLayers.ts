/** What a run says, over the slide: its overlay and its outlines, as one thing to show or to cut. */
import type { Api } from "../api/client";
import type { Box, Point } from "../model/box";
import type { Projection } from "../model/projection";
import type { AppState } from "../state/state";
import { OutlineLayer } from "./outlines/outlineLayer";
import type { Outlines } from "./outlines/outlineLoader";
import { decodeGreyTile } from "./overlay/greyTile";
import { OverlayLayer } from "./overlay/overlayLayer";
import { sceneOf } from "./overlay/scene";

export interface PredictionEvents {
  readonly onTrouble: (error: unknown) => void;
  readonly onOutlinesAvailable: (available: boolean) => void;
}

export class PredictionLayers {
  readonly host = document.createElement("div");
  private readonly overlay: OverlayLayer;
  private readonly outlines: OutlineLayer;

  /** @param side Which of two views it is of, when two are compared. */
  constructor(surface: HTMLElement, api: Api, events: PredictionEvents, side: "this" | "other") {
    this.host.className = `prediction ${side}`;
    surface.append(this.host);
    this.overlay = new OverlayLayer(this.host, {
      fetchTile: (run) => async (tile, signal) =>
        decodeGreyTile(await api.runTile(run, tile.layer, tile, signal)),
      onFailed: events.onTrouble,
    });
    if (side === "other") this.overlay.canvas.dataset.testid = "other-overlay-canvas";
    const fetchPolygons: Api["polygons"] = (query, signal) => api.polygons(query, signal);
    this.outlines = new OutlineLayer(
      this.host,
      fetchPolygons,
      events.onTrouble,
      events.onOutlinesAvailable,
    );
  }

  show(state: AppState): void {
    this.overlay.show(sceneOf(state));
    // Where two views differ, the outlines of one of them would be in the way.
    const isPlain = state.comparison?.mode !== "difference";
    this.outlines.show(isPlain ? state : withoutOutlines(state));
  }

  draw(projection: Projection | null): void {
    this.overlay.draw(projection);
    this.outlines.draw(projection);
  }

  invalidate(run: string, boxes: readonly Box[] | null): void {
    this.overlay.invalidate(run, boxes);
    this.outlines.invalidate(run, boxes);
  }

  retry(): void {
    this.overlay.retry();
  }

  /** The outlines on show; null where none are. */
  get traced(): Outlines | null {
    return this.outlines.shown;
  }

  /** Of a layer of the run on show; null where it is not here. */
  probability(layer: string, point: Point): number | null {
    return this.overlay.probability(layer, point);
  }
}

function withoutOutlines(state: AppState): AppState {
  return { ...state, overlay: { ...state.overlay, outlines: false } };
}
