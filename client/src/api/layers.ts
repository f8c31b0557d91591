/**
 * What tiles of a run can show, each as the rest of its address below the run. The address is the
 * key under which a tile is kept, too: two layers with the same one are the same.
 */
import type { ComparedWith } from "./types";

/** How two views of a place differ. */
export type DifferenceKind = "only_this" | "only_other" | "other_class";

export function probabilityLayer(className: string): string {
  return `tiles?${new URLSearchParams({ layer: "probability", class: className })}`;
}

export const UNCERTAINTY_LAYER = "tiles?layer=uncertainty";

export function differenceLayer(
  kind: DifferenceKind,
  other: ComparedWith,
  threshold: number,
): string {
  const query = new URLSearchParams({
    kind,
    [other.kind]: other.id,
    threshold: threshold.toFixed(2),
  });
  return `disagreement/tiles?${query}`;
}
