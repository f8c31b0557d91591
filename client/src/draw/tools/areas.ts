/** Tools that end in an area: polygon, lasso, brush, rectangle and ellipse; and the point. */
import { type Box, type Point, spanned } from "../../model/box";
import {
  boundsOf,
  brushed,
  enclosed,
  type Region,
  type Ring,
  simplified,
  unite,
} from "../../model/region";
import { ellipse, point, polygon, rectangle, regionOf } from "../element";
import { add, brush, cut, splitBy } from "../sketch";
import { type Bench, type Draft, NEATNESS, type Tool, type Touch } from "./tool";

/** Clicks nearer than this to the first corner close a polygon, in CSS pixels. */
const CLOSING = 9;
/** The pointer has to go so far for another point of a line, in CSS pixels. */
const STRIDE = 1.5;
/** What is smaller was a click, in CSS pixels. */
const SMALLEST = 4;

/** False where nothing may be drawn. */
function finishArea(
  bench: Bench,
  area: readonly Region[],
  subtracts: boolean,
  tolerance: number,
): boolean {
  if (area.length === 0) return true;
  const { sketch, chosen } = bench;
  const next = subtracts
    ? cut(sketch, area, tolerance)
    : add(
        sketch,
        area.map((region) => polygon(region, chosen)),
      );
  return next === sketch || bench.commit(next);
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

export class PolygonTool implements Tool {
  private at: Point | null = null;
  /** Before the press under way. */
  private before: Ring | null = null;

  constructor(
    private readonly bench: Bench,
    /** What was begun before. */
    private points: Ring = [],
    private subtracts = false,
  ) {}

  press({ at, unit, grip, subtracts }: Touch): boolean {
    this.before = this.points;
    const [first] = this.points;
    if (!first) this.subtracts = subtracts;
    if (first && this.points.length > 2 && distance(first, at) < CLOSING * grip * unit) {
      this.finish();
      return true;
    }
    const last = this.points.at(-1);
    // The second click of a double click lies where the first one did.
    if (!last || distance(last, at) > 2 * unit) this.change([...this.points, at]);
    return true;
  }

  move({ at }: Touch): void {
    this.at = at;
  }

  release(): void {
    this.before = null;
    this.at = null;
  }

  cancel(): void {
    // A polygon that was closed by the press is done, and can be undone.
    if (this.before && this.points.length > 0) this.change(this.before);
    this.before = null;
    this.at = null;
  }

  finish(): void {
    const area = enclosed(this.points);
    const { subtracts } = this;
    if (area.length === 0) return;
    // Over a layer that is locked or hidden the corners stay, to be finished elsewhere.
    if (finishArea(this.bench, area, subtracts, 0)) this.abandon();
  }

  takeBack(): boolean {
    if (this.points.length === 0) return false;
    this.change(this.points.slice(0, -1));
    return true;
  }

  abandon(): boolean {
    const had = this.points.length > 0;
    if (had) this.change([]);
    return had;
  }

  get draft(): Draft | null {
    if (this.points.length === 0) return null;
    const points = this.at ? [...this.points, this.at] : this.points;
    const { points: corners, subtracts } = this;
    return { points, corners, closed: points.length > 2, subtracts, width: null };
  }

  private change(points: Ring): void {
    this.points = points;
    this.bench.begun(points, this.subtracts);
  }
}

/** What tools share that follow the pointer while it is down. */
abstract class StrokeTool implements Tool {
  protected way: Ring = [];
  protected first: Touch | null = null;

  constructor(protected readonly bench: Bench) {}

  press(touch: Touch): boolean {
    this.first = touch;
    this.way = [touch.at];
    return true;
  }

  move({ at, unit }: Touch, isDown: boolean): void {
    const last = this.way.at(-1);
    if (!isDown || !this.first || !last) return;
    if (distance(last, at) >= STRIDE * unit) this.way = [...this.way, at];
  }

  release(): void {
    const { first, way } = this;
    this.abandon();
    if (first) this.done(way, first);
  }

  cancel(): void {
    this.abandon();
  }

  finish(): void {}

  takeBack(): boolean {
    return false;
  }

  abandon(): boolean {
    const had = this.first !== null;
    this.first = null;
    this.way = [];
    return had;
  }

  abstract get draft(): Draft | null;
  protected abstract done(way: Ring, first: Touch): void;
}

export class LassoTool extends StrokeTool {
  get draft(): Draft | null {
    if (!this.first) return null;
    return {
      points: this.way,
      corners: [],
      closed: true,
      subtracts: this.first.subtracts,
      width: null,
    };
  }

  protected done(way: Ring, { unit, subtracts }: Touch): void {
    const area = enclosed(simplified(way, NEATNESS * unit));
    finishArea(this.bench, area, subtracts, NEATNESS * unit);
  }
}

export class BrushTool extends StrokeTool {
  constructor(
    bench: Bench,
    private readonly erases: boolean,
  ) {
    super(bench);
  }

  get draft(): Draft | null {
    if (!this.first) return null;
    const width = 2 * this.bench.brushRadius * this.first.unit;
    const subtracts = this.takesAway(this.first);
    return { points: this.way, corners: [], closed: false, subtracts, width };
  }

  protected done(way: Ring, first: Touch): void {
    const { bench } = this;
    const tolerance = (NEATNESS / 2) * first.unit;
    const stroke = brushed(simplified(way, tolerance), bench.brushRadius * first.unit);
    const next = this.takesAway(first)
      ? cut(bench.sketch, stroke, tolerance)
      : brush(bench.sketch, stroke, bench.chosen, tolerance);
    if (next !== bench.sketch) bench.commit(next);
  }

  private takesAway({ subtracts }: Touch): boolean {
    return this.erases || subtracts;
  }
}

export class BoxTool extends StrokeTool {
  private last: Touch | null = null;

  constructor(
    bench: Bench,
    private readonly shape: "rectangle" | "ellipse",
  ) {
    super(bench);
  }

  override move(touch: Touch, isDown: boolean): void {
    if (isDown && this.first) this.last = touch;
  }

  override release(): void {
    const { first, box } = this;
    this.abandon();
    if (!first || !box || Math.min(box[2], box[3]) < SMALLEST * first.unit) return;
    const { bench, shape } = this;
    const element = (shape === "rectangle" ? rectangle : ellipse)(box, bench.chosen);
    const region = regionOf(element);
    if (!first.subtracts) bench.commit(add(bench.sketch, [element]));
    else if (region) finishArea(bench, unite([region]), true, NEATNESS * first.unit);
  }

  override abandon(): boolean {
    this.last = null;
    return super.abandon();
  }

  get draft(): Draft | null {
    const { first, box, shape } = this;
    if (!first || !box) return null;
    const element = (shape === "rectangle" ? rectangle : ellipse)(box, this.bench.chosen);
    const points = regionOf(element)?.outer ?? [];
    return { points, corners: [], closed: true, subtracts: first.subtracts, width: null };
  }

  protected done(): void {}

  private get box(): Box | null {
    const { first, last } = this;
    if (!first || !last) return null;
    if (!last.shift) return spanned(first.at, last.at);
    // With Shift as wide as it is high.
    const [dx, dy] = [last.at.x - first.at.x, last.at.y - first.at.y];
    const side = Math.max(Math.abs(dx), Math.abs(dy));
    const corner = {
      x: first.at.x + side * (Math.sign(dx) || 1),
      y: first.at.y + side * (Math.sign(dy) || 1),
    };
    return spanned(first.at, corner);
  }
}

export class PointTool implements Tool {
  readonly draft = null;
  private at: Point | null = null;

  constructor(private readonly bench: Bench) {}

  press({ at }: Touch): boolean {
    this.at = at;
    return true;
  }

  move(): void {}

  release(): void {
    const { bench, at } = this;
    this.cancel();
    if (at) bench.commit(add(bench.sketch, [point(at, bench.chosen)]));
  }

  cancel(): void {
    this.at = null;
  }

  finish(): void {}

  takeBack(): boolean {
    return false;
  }

  abandon(): boolean {
    const had = this.at !== null;
    this.cancel();
    return had;
  }
}

/** A line that parts what it crosses. */
export class SplitTool extends StrokeTool {
  constructor(bench: Bench) {
    super(bench);
  }

  get draft(): Draft | null {
    return (
      this.first && { points: this.way, corners: [], closed: false, subtracts: true, width: null }
    );
  }

  protected done(way: Ring, { unit }: Touch): void {
    const { bench } = this;
    const next = splitBy(bench.sketch, simplified(way, NEATNESS * unit));
    if (next !== bench.sketch) bench.commit(next);
  }
}

/** Takes over what a model has outlined, by a click or by a lasso. */
export class AcceptTool extends StrokeTool {
  get draft(): Draft | null {
    return (
      this.first && { points: this.way, corners: [], closed: true, subtracts: false, width: null }
    );
  }

  protected done(way: Ring, { at, unit }: Touch): void {
    const [, , width, height] = boundsOf(way);
    const isClick = Math.max(width, height) < SMALLEST * unit;
    this.bench.accept(isClick ? at : enclosed(simplified(way, NEATNESS * unit)));
  }
}
