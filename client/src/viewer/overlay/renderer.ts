/** What a way of drawing the overlay is asked to do. */
import type { Lut, Rgb } from "../../model/colour";
import type { GreyTile } from "./greyTile";

/** A tile on the canvas. Later quads replace what lies below them, holes and all. */
export interface Quad {
  /** In device pixels; whole numbers, so that neighbours meet without a seam or an overlap. */
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** How much of the tile lies on the slide, 0 to 1 along x and y; the rest is padding. */
  readonly coverX: number;
  readonly coverY: number;
  /** One tile per layer of the style; null where it is not there. */
  readonly layers: readonly (GreyTile | null)[];
}

export type OverlayStyle =
  /**
   * The likeliest class where it reaches the threshold, of equals the first: the service's rule.
   * A class without a colour is hidden, but what is likeliest it stays.
   */
  | {
      readonly mode: "class";
      readonly colours: readonly (Rgb | null)[];
      readonly threshold: number;
    }
  /** One class's probability through a colour table. */
  | { readonly mode: "probability"; readonly lut: Lut };

export interface OverlayRenderer {
  /** Clears the canvas and draws the quads in their order. */
  draw(quads: readonly Quad[], style: OverlayStyle): void;
  /** The tile will not be drawn again. */
  forget(tile: GreyTile): void;
}

/** More classes than this are more than a WebGL2 draw is sure to take, or an eye to tell apart. */
export const MOST_LAYERS = 8;
