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
  const shown = shownClasses(state, run);
  // A hidden class must not hand its pixels to the next likely one, so its tiles are needed too.
  const drawn = state.overlay.mode === "class" && shown.length > 0 ? run.classes : shown;
  const classes = drawn.slice(0, MOST_LAYERS);
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
        ? {
            mode,
            threshold,
            colours: classes.map((each) => (shown.includes(each) ? parseColour(each.color) : null)),
          }
        : { mode, lut: heatLut(threshold) },
    opacity,
  };
}
