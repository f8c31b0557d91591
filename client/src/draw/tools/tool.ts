/** What a tool is: it hears where the pointer goes, and changes the sketch when it is done. */
import type { Point } from "../../model/box";
import type { Region, Ring } from "../../model/region";
import type { DrawClass } from "../element";
import type { Handle } from "../handles";
import type { Sketch } from "../sketch";

export interface Touch {
  readonly at: Point;
  /** Base pixels per CSS pixel, so that a hand's width is the same at every zoom. */
  readonly unit: number;
  /** What may be missed by more than with a mouse, times so much. */
  readonly grip: number;
  /** What is drawn is to be taken away. */
  readonly subtracts: boolean;
  /** The modifiers as such, for tools to which they mean something else. */
  readonly shift: boolean;
  readonly alt: boolean;
}

export interface Draft {
  readonly points: Ring;
  /** Those of the points that were set one by one, each to be seen. */
  readonly corners: Ring;
  readonly closed: boolean;
  readonly subtracts: boolean;
  /** The width of a stroke, in base pixels; null for a thin line. */
  readonly width: number | null;
}

/** What tools work on. */
export interface Bench {
  readonly sketch: Sketch;
  readonly chosen: DrawClass;
  /** In CSS pixels. */
  readonly brushRadius: number;
  /** A step that can be undone; false where nothing may be drawn. */
  commit(sketch: Sketch): boolean;
  /** Another selection, which is no step. */
  amend(sketch: Sketch): void;
  /** The corners of a polygon that is not closed, whenever they are others; none once it is done. */
  begun(corners: Ring, subtracts: boolean): void;
  /** Takes over what a model has outlined: the region at a place, or all in an area. */
  accept(what: Point | readonly Region[]): void;
}

export interface Tool {
  /** False where the tool has no use for it: then the slide is moved. */
  press(touch: Touch): boolean;
  move(touch: Touch, isDown: boolean): void;
  /** The press under way has done what it was for, or is cut short: what was drawn by it counts. */
  release(): void;
  /** The press under way was the beginning of something else: it is taken for nothing. */
  cancel(): void;
  /** A double click or Enter. */
  finish(): void;
  /** Backspace or Delete; false where it means nothing to the tool just now. */
  takeBack(): boolean;
  /** Escape; false where there was nothing to abandon. */
  abandon(): boolean;
  readonly draft: Draft | null;
  /** The sketch as it would be, while something is pulled. */
  readonly preview?: Sketch | null;
  readonly activeHandle?: Handle | null;
}

/** How far from the line as drawn a simplified one may lie, in CSS pixels. */
export const NEATNESS = 0.7;
