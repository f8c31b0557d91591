/** What the overlay is to show, worked out from the state. */
import { differenceLayer, probabilityLayer, UNCERTAINTY_LAYER } from "../../api/layers";
import type { ModelClass, Run } from "../../api/types";
import { doubtLut, heatLut, parseColour } from "../../model/colour";
import { DIFFERENCES } from "../../model/differences";
import { finestUsefulZoom, type Pyramid, pyramidOf } from "../../model/pyramid";
import type { ComparisonState } from "../../state/comparison";
import { openDetail, selectedRun, shownClasses } from "../../state/selectors";
import type { AppState, OverlaySettings } from "../../state/state";
import { MOST_LAYERS, type OverlayStyle } from "./renderer";

export interface OverlayScene {
  readonly run: string;
  readonly pyramid: Pyramid;
  /** Finer levels hold nothing more of this run. */
  readonly finestZoom: number;
  /** What to fetch (see `api/layers.ts`), in the order of the style's colours. */
  readonly layers: readonly string[];
  readonly style: OverlayStyle;
  readonly opacity: number;
}

/** Null while there is no run to show. */
export function sceneOf(state: AppState): OverlayScene | null {
  const detail = openDetail(state);
  const run = selectedRun(state);
  if (!detail || !run) return null;
  const pyramid = pyramidOf(detail);
  const baseMpp = detail.mpp ? Math.min(detail.mpp.x, detail.mpp.y) : run.mpp;
  return {
    run: run.id,
    pyramid,
    finestZoom: finestUsefulZoom(pyramid, run.mpp, baseMpp),
    opacity: state.overlay.opacity,
    ...look(state, run),
  };
}

type Look = Pick<OverlayScene, "layers" | "style">;

const NOTHING: Look = { layers: [], style: { mode: "class", colours: [], threshold: 1 } };

function look(state: AppState, run: Run): Look {
  const { overlay, comparison } = state;
  const shown = shownClasses(state, run);
  if (shown.length === 0) return NOTHING;
  if (comparison?.mode === "difference") return differences(comparison, overlay.threshold);
  if (overlay.mode === "class") return classes(run, shown, overlay);
  if (overlay.mode === "uncertainty") {
    return { layers: [UNCERTAINTY_LAYER], style: { mode: "probability", lut: doubtLut() } };
  }
  const layers = shown.map(({ name }) => probabilityLayer(name));
  return { layers, style: { mode: "probability", lut: heatLut(overlay.threshold) } };
}

/** A hidden class must not hand its pixels to the next likely one, so its tiles are needed too. */
function classes(run: Run, shown: readonly ModelClass[], { threshold }: OverlaySettings): Look {
  const drawn = run.classes.slice(0, MOST_LAYERS);
  const colours = drawn.map((each) => (shown.includes(each) ? parseColour(each.color) : null));
  return {
    layers: drawn.map(({ name }) => probabilityLayer(name)),
    style: { mode: "class", threshold, colours },
  };
}

/** What differs comes decided: the threshold is the service's business, what is grey is an edge. */
function differences({ other }: ComparisonState, threshold: number): Look {
  return {
    layers: DIFFERENCES.map(({ kind }) => differenceLayer(kind, other, threshold)),
    style: {
      mode: "class",
      threshold: 0.5,
      colours: DIFFERENCES.map(({ color }) => parseColour(color)),
    },
  };
}
