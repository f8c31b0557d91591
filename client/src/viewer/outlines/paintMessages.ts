/** What the viewer and its painter, a thread of its own, tell each other. */
import type { PackedShapes } from "../../model/packedShapes";
import type { Projection } from "../../model/projection";

export type PaintOrder =
  | { readonly kind: "keep"; readonly layer: number; readonly packed: PackedShapes }
  | { readonly kind: "forget"; readonly layer: number }
  | ({ readonly kind: "paint" } & PaintRequest);

export interface PaintRequest {
  /** In drawing order. */
  readonly layers: readonly number[];
  readonly projection: Projection;
  /** Device pixels per CSS pixel. */
  readonly ratio: number;
}

export interface Painted {
  readonly request: PaintRequest;
  readonly bitmap: ImageBitmap;
}
