/** What is on its way to being segmented: how, one slide that is checked, several chosen, the queue. */
import type { Precision, Preflight, Refused, Runtime } from "../api/launch";
import type { Job, SlideSummary } from "../api/types";
import type { Loadable } from "./state";

export interface LaunchOptions {
  readonly precision: Precision;
  readonly runtime: Runtime;
  /** µm per base pixel of the open slide, as the reader says. */
  readonly slideMpp: number | null;
}

export interface Selection {
  /** Ids of slides. */
  readonly slides: readonly string[];
  /** Where a range begins. */
  readonly anchor: string | null;
  /** So many have been asked for; null before that. */
  readonly sent: number | null;
}

export interface Queue {
  readonly jobs: Loadable<readonly Job[]>;
  /** Slides of the last choice of which no job could be made. */
  readonly refused: readonly Refused[];
}

export interface LaunchState {
  readonly options: LaunchOptions;
  /** The card that is open; null while it is closed. */
  readonly check: Loadable<Preflight> | null;
  /** The prediction is laid over the sample tiles. */
  readonly overlaid: boolean;
  readonly selection: Selection | null;
  readonly queue: Queue | null;
}

export const NO_SELECTION: Selection = { slides: [], anchor: null, sent: null };

export const NOTHING_LAUNCHED: LaunchState = {
  options: { precision: "fp32", runtime: "auto", slideMpp: null },
  check: null,
  overlaid: true,
  selection: null,
  queue: null,
};

/** On another slide: its scale is its own, and what was checked was not it. */
export function onAnotherSlide(launch: LaunchState): LaunchState {
  return { ...launch, check: null, options: { ...launch.options, slideMpp: null } };
}

/** Chooses a slide or lets go of it; in a range, chooses all from the last one on. */
export function toggled(
  selection: Selection,
  id: string,
  isRange: boolean,
  listed: readonly SlideSummary[],
): Selection {
  const { slides, anchor } = selection;
  const [from, to] = [anchor, id].map((one) => listed.findIndex((each) => each.id === one));
  if (isRange && from !== undefined && to !== undefined && from >= 0 && to >= 0) {
    const range = listed.slice(Math.min(from, to), Math.max(from, to) + 1);
    const more = sound(range).filter((one) => !slides.includes(one));
    return { ...selection, slides: [...slides, ...more], anchor: id };
  }
  const without = slides.filter((one) => one !== id);
  const isChosen = without.length < slides.length;
  return { ...selection, slides: isChosen ? without : [...slides, id], anchor: id };
}

/** Those that can be opened, as far as anybody knows. */
export function sound(listed: readonly SlideSummary[]): readonly string[] {
  return listed.filter(({ problem }) => problem === null).map(({ id }) => id);
}
