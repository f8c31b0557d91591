/** What a model has outlined becomes drawn: elements of the layer in hand, ready to be mended. */
import type { Api } from "../api/client";
import type { Box, Point } from "../model/box";
import { type Region, simplifiedRegion } from "../model/region";
import type { Action } from "../state/reducer";
import { openDetail, selectedRun } from "../state/selectors";
import type { AppState } from "../state/state";
import type { Store } from "../state/store";
import { DRAW_NOTES } from "../words/drawing";
import { type Outlined, outlinedBy, type Traced, wholeOf } from "./accept";
import { boxOf, classOf, type DrawClass, type DrawnElement, polygon } from "./element";
import { add } from "./sketch";
import type { DeskState } from "./state";
import type { Bench } from "./tools/tool";

export interface TakingOverEvents {
  /** What a model has outlined in this view; null where nothing is outlined. */
  readonly traced: () => Traced | null;
  readonly onNote: (note: string) => void;
}

/** Of a model's pixel. */
const STEP = 0.75;

export class TakingOver {
  constructor(
    private readonly api: Pick<Api, "polygons">,
    private readonly app: Store<AppState, Action>,
    private readonly desk: Bench & { readonly state: DeskState },
    private readonly events: TakingOverEvents,
  ) {}

  /** The region at a place, or all that lie mostly in an area; what came of it is told. */
  async takeOver(what: Point | readonly Region[]): Promise<void> {
    const { slide } = this.desk.state;
    const detail = openDetail(this.app.state);
    const traced = this.events.traced();
    if (!detail || !traced) {
      this.events.onNote(DRAW_NOTES.noOutlines);
      return;
    }
    const box: Box = [0, 0, detail.width, detail.height];
    const found = outlinedBy(traced, what, box);
    if (found.length === 0) return;
    const never = new AbortController().signal;
    try {
      const whole = await Promise.all(
        found.map((each) =>
          wholeOf(each, traced.request, box, (query) => this.api.polygons(query, never)),
        ),
      );
      if (this.desk.state.slide === slide) this.put(whole);
    } catch (error) {
      const why = error instanceof Error ? error.message : error;
      this.events.onNote(DRAW_NOTES.nothingAccepted(why));
    }
  }

  private put(whole: readonly Outlined[]): void {
    const { sketch } = this.desk;
    const tolerance = this.stairs();
    const made = whole.map(({ className, region }) =>
      polygon(simplifiedRegion(region, tolerance), this.classNamed(className)),
    );
    const fresh = made.filter(
      (each, index) =>
        ![...sketch.elements, ...made.slice(0, index)].some((other) => isSame(each, other)),
    );
    const cutOff = whole.filter(({ isCut }) => isCut).length;
    if (fresh.length > 0 && !this.desk.commit(add(sketch, fresh))) return;
    const rest = cutOff > 0 ? ` ${DRAW_NOTES.cutOff(cutOff)}` : "";
    this.events.onNote(
      fresh.length === 0
        ? DRAW_NOTES.acceptedBefore
        : `${DRAW_NOTES.accepted(fresh.length)}${rest}`,
    );
  }

  /**
   * How far the steps of the model's pixels lie from the edge that they mean, in base pixels: a
   * corner at each step could not be pulled into shape.
   */
  private stairs(): number {
    const mpp = openDetail(this.app.state)?.mpp?.x;
    const run = selectedRun(this.app.state);
    return STEP * (mpp && run ? run.mpp / mpp : 1);
  }

  /** A model's class among those that are drawn with: by its name, or by its code. */
  private classNamed(name: string): DrawClass {
    const { classes } = this.desk.state;
    const predicted = selectedRun(this.app.state)?.classes.find((each) => each.name === name);
    return (
      classes.find((each) => each.name === name) ??
      classes.find(({ code, is_roi }) => code === predicted?.code && !is_roi) ?? {
        name,
        colour: predicted?.color ?? this.desk.chosen.colour,
      }
    );
  }
}

/** Of one class and one box, to a pixel. */
function isSame(one: DrawnElement, other: DrawnElement): boolean {
  const [a, b] = [boxOf(one), boxOf(other)];
  const isNear = a.every((side, at) => Math.abs(side - (b[at] ?? 0)) < 1);
  return isNear && classOf(one).name === classOf(other).name;
}
