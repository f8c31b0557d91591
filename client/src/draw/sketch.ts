/** What lies in a layer and what of it is selected, and all that can be done to it. Pure. */
import { overlaps } from "../model/box";
import {
  areaOf,
  boundsOf,
  intersect,
  type Region,
  type Ring,
  simplifiedRegion,
  split,
  subtract,
  unite,
} from "../model/region";
import {
  boxOf,
  classOf,
  type DrawClass,
  type DrawnElement,
  newId,
  polygon,
  regionOf,
  reshaped,
  styleOf,
} from "./element";

export interface Sketch {
  readonly elements: readonly DrawnElement[];
  /** Ids. */
  readonly selected: readonly string[];
}

export const EMPTY: Sketch = { elements: [], selected: [] };

export function selection({ elements, selected }: Sketch): readonly DrawnElement[] {
  if (selected.length === 0) return [];
  const chosen = new Set(selected);
  return elements.filter(({ id }) => chosen.has(id));
}

export function select(sketch: Sketch, ids: readonly string[]): Sketch {
  return { ...sketch, selected: ids };
}

/** The new ones lie on top and are selected. */
export function add({ elements }: Sketch, added: readonly DrawnElement[]): Sketch {
  return { elements: [...elements, ...added], selected: added.map(({ id }) => id) };
}

export function remove({ elements, selected }: Sketch, ids: readonly string[]): Sketch {
  const gone = new Set(ids);
  return {
    elements: elements.filter(({ id }) => !gone.has(id)),
    selected: selected.filter((id) => !gone.has(id)),
  };
}

export function replace(sketch: Sketch, changed: DrawnElement): Sketch {
  const elements = sketch.elements.map((each) => (each.id === changed.id ? changed : each));
  return { ...sketch, elements };
}

/** All that is selected, changed. */
export function carry(sketch: Sketch, change: (element: DrawnElement) => DrawnElement): Sketch {
  const chosen = new Set(sketch.selected);
  const elements = sketch.elements.map((each) => (chosen.has(each.id) ? change(each) : each));
  return { ...sketch, elements };
}

/** The element as these regions, in its place. */
export function reshapedInto(
  sketch: Sketch,
  element: DrawnElement,
  regions: readonly Region[],
): Sketch {
  return exchange(sketch, [element], [[element, regions]]);
}

export function reclass(sketch: Sketch, to: DrawClass): Sketch {
  const chosen = new Set(sketch.selected);
  const elements = sketch.elements.map((each) =>
    chosen.has(each.id) ? { ...each, ...styleOf(to) } : each,
  );
  return { ...sketch, elements };
}

/** A stroke of the brush: grows the selected regions of this class that it meets, or starts one. */
export function brush(
  sketch: Sketch,
  stroke: readonly Region[],
  of: DrawClass,
  tolerance: number,
): Sketch {
  const met = meeting(selection(sketch), stroke).filter((each) => classOf(each).name === of.name);
  const [first] = met;
  if (!first)
    return add(
      sketch,
      neat(stroke, tolerance).map((region) => polygon(region, of)),
    );
  const united = neat(unite([...regionsOf(met), ...stroke]), tolerance);
  return exchange(sketch, met, [[first, united]]);
}

/**
 * Takes an area away: from the selected regions that it meets, else from all that it meets. What
 * is cut through becomes two elements, what is covered is gone.
 */
export function cut(sketch: Sketch, area: readonly Region[], tolerance: number): Sketch {
  const chosen = meeting(selection(sketch), area);
  const met = chosen.length > 0 ? chosen : meeting(sketch.elements, area);
  if (met.length === 0) return sketch;
  const left = met.map((each): Pieces => {
    const rest = subtract(regionsOf([each]), area);
    return [each, neat(rest, tolerance)];
  });
  return exchange(sketch, met, left);
}

/** One element where the selected ones touch; those that lie apart stay apart. */
export function merge(sketch: Sketch): Sketch {
  const areas = selection(sketch).filter((each) => regionOf(each) !== null);
  const [first] = areas;
  if (!first || areas.length < 2) return sketch;
  const united = unite(regionsOf(areas));
  if (united.length === areas.length) return sketch;
  return exchange(sketch, areas, [[first, united]]);
}

/** Cuts along a line: the selected regions, or all that it crosses where none is selected. */
export function splitBy(sketch: Sketch, line: Ring): Sketch {
  const chosen = selection(sketch);
  const parted = (chosen.length > 0 ? chosen : sketch.elements).flatMap((each): Pieces[] => {
    const region = regionOf(each);
    const pieces = region ? split(region, line) : [];
    return pieces.length > 1 ? [[each, pieces]] : [];
  });
  if (parted.length === 0) return sketch;
  return exchange(
    sketch,
    parted.map(([element]) => element),
    parted,
  );
}

type Pieces = readonly [element: DrawnElement, regions: readonly Region[]];

/** The largest piece stays the element; the others become new ones beside it, of its class. */
function exchange(
  sketch: Sketch,
  gone: readonly DrawnElement[],
  pieces: readonly Pieces[],
): Sketch {
  const went = new Set(gone.map(({ id }) => id));
  const inPlace = new Map(
    pieces.map(([element, regions]) => [
      element.id,
      bySize(regions).map((region, index) => {
        const shaped = reshaped(element, region);
        return index === 0 ? shaped : { ...shaped, id: newId() };
      }),
    ]),
  );
  const elements = sketch.elements.flatMap((each) =>
    went.has(each.id) ? (inPlace.get(each.id) ?? []) : [each],
  );
  const touched = sketch.selected.some((id) => went.has(id));
  const made = [...inPlace.values()].flat().map(({ id }) => id);
  const kept = sketch.selected.filter((id) => !went.has(id));
  return { elements, selected: touched ? [...kept, ...made] : sketch.selected };
}

function bySize(regions: readonly Region[]): readonly Region[] {
  return [...regions].sort((a, b) => areaOf(b) - areaOf(a));
}

function meeting(
  elements: readonly DrawnElement[],
  area: readonly Region[],
): readonly DrawnElement[] {
  const boxes = area.map(({ outer }) => boundsOf(outer));
  return elements.filter((each) => {
    if (!boxes.some((box) => overlaps(box, boxOf(each)))) return false;
    return intersect(regionsOf([each]), area).length > 0;
  });
}

function regionsOf(elements: readonly DrawnElement[]): readonly Region[] {
  return elements.flatMap((each) => regionOf(each) ?? []);
}

function neat(regions: readonly Region[], tolerance: number): readonly Region[] {
  return regions.map((region) => simplifiedRegion(region, tolerance));
}
