/** What the overlay is to show, worked out from the state. */
import { heatLut, parseColour } from "../../model/colour";
import { finestUsefulZoom, type Pyramid } from "../../model/pyramid";
import { openDetail, selectedRun, shownClasses } from "../../state/selectors";
import type { AppState } from "../../state/state";
import { pyramidOf } from "../slideTileSource";
import { MOST_LAYERS, type OverlayStyle } from "./renderer";

export interface OverlayScene {
  readonly run: string;
  readonly pyramid: Pyramid;
  /** Finer levels hold nothing more of this run. */
  readonly finestZoom: number;
  /** Class names, in the order of the style's colours. */
  readonly layers: readonly string[];
  readonly style: OverlayStyle;
  readonly opacity: number;
}

/** Null while there is no run to show. */
export function sceneOf(state: AppState): OverlayScene | null {
  const detail = openDetail(state);
  const run = selectedRun(state);
  if (!detail || !run) return null;
  const classes = shownClasses(state, run).slice(0, MOST_LAYERS);
  const pyramid = pyramidOf(detail);
  const { mode, threshold, opacity } = state.overlay;
  const baseMpp = detail.mpp ? Math.min(detail.mpp.x, detail.mpp.y) : run.mpp;
  return {
    run: run.id,
    pyramid,
    finestZoom: finestUsefulZoom(pyramid, run.mpp, baseMpp),
    layers: classes.map(({ name }) => name),
    style:
      mode === "class"
        ? { mode, threshold, colours: classes.map(({ color }) => parseColour(color)) }
        : { mode, lut: heatLut(threshold) },
    opacity,
  };
}
