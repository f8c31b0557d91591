/** Two views of the slide at once: beside each other, or parted by a divider. */
import type { Api } from "../../api/client";
import type { Box } from "../../model/box";
import type { Projection } from "../../model/projection";
import { otherSide } from "../../state/comparison";
import type { AppState } from "../../state/state";
import type { DeepZoom } from "../deepZoom";
import { Beside } from "./beside";
import { Divider } from "./divider";
import { OtherLayers } from "./otherLayers";

export interface ComparisonEvents {
  readonly onTrouble: (error: unknown) => void;
  readonly onDivider: (place: number) => void;
}

export class ComparisonView {
  private readonly divider: Divider;
  /** Made when they are first wanted: a second view costs a second slide's memory. */
  private beside: Beside | null = null;
  private swiped: OtherLayers | null = null;

  constructor(
    /** What both views share, the controls over them included. */
    private readonly stage: HTMLElement,
    private readonly main: DeepZoom,
    private readonly api: Api,
    private readonly events: ComparisonEvents,
  ) {
    this.divider = new Divider(stage, events.onDivider);
  }

  show(state: AppState): void {
    const other = otherSide(state);
    const mode = (other && state.comparison?.mode) ?? "none";
    this.stage.dataset.comparison = mode;
    this.divider.show(mode === "swipe" && state.comparison ? state.comparison.divider : null);
    this.showBeside(mode === "side" ? other : null);
    this.showSwiped(mode === "swipe" ? other : null);
  }

  draw(projection: Projection | null): void {
    this.swiped?.draw(projection);
    if (projection) this.beside?.follow(projection);
  }

  /** What moves next is the view on the left. */
  giveLead(): void {
    this.beside?.giveLead();
  }

  invalidate(run: string, boxes: readonly Box[] | null): void {
    this.beside?.invalidate(run, boxes);
    this.swiped?.invalidate(run, boxes);
  }

  retry(): void {
    this.beside?.retry();
    this.swiped?.retry();
  }

  private showBeside(other: AppState | null): void {
    if (other) this.beside ??= new Beside(this.stage, this.main, this.api, this.events.onTrouble);
    this.beside?.show(other);
  }

  private showSwiped(other: AppState | null): void {
    const isFirst = other !== null && this.swiped === null;
    if (isFirst) {
      this.swiped = new OtherLayers(this.main.surface, this.api, this.events.onTrouble);
    }
    this.swiped?.show(other);
    if (other) this.swiped?.draw(this.main.projection);
  }
}
