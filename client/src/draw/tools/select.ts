/** Chooses elements, pulls at their corners, moves and turns them. */
import type { Point } from "../../model/box";
import { angleBetween, moved, turned, turnHandleOf } from "../carrying";
import { type DrawnElement, elementAt } from "../element";
import { type Handle, handleAt, inserted, pulled, repaired, without } from "../handles";
import { carry, remove, replace, reshapedInto, type Sketch, select, selection } from "../sketch";
import { sameElements } from "../state";
import type { Bench, Tool, Touch } from "./tool";

/** How near is near enough, in CSS pixels. */
const REACH = 7;

interface Pull {
  readonly element: DrawnElement;
  /** With the vertex that is pulled, even if it is a new one. */
  readonly base: DrawnElement;
  readonly handle: Handle;
  /** As it is now. */
  readonly now: DrawnElement;
}

/** All that is selected, on its way. */
interface Carriage {
  readonly from: Point;
  /** What it is turned about; null where it is moved. */
  readonly about: Point | null;
  /** What a click without a way would choose. */
  readonly hit: string | null;
  /** What is carried, whatever is selected by the time that it is put down. */
  readonly ids: readonly string[];
  /** Null as long as the hand may only have trembled. */
  readonly change: ((element: DrawnElement) => DrawnElement) | null;
}

/** A way that is meant, in CSS pixels. */
const MEANT = 3;

export class SelectTool implements Tool {
  readonly draft = null;
  private pull: Pull | null = null;
  private carriage: Carriage | null = null;
  /** What was carried last, so that it is reckoned once. */
  private latest: {
    readonly sketch: Sketch;
    readonly change: Carriage["change"];
    readonly next: Sketch | null;
  } | null = null;
  private active: { readonly element: string; readonly handle: Handle } | null = null;

  constructor(private readonly bench: Bench) {}

  press(touch: Touch): boolean {
    const held = this.hold(touch);
    if (held && touch.alt) {
      this.dropVertex(held.element, held.handle);
      return true;
    }
    this.pull = held;
    this.active = held && { element: held.element.id, handle: held.handle };
    this.carriage = held || touch.alt || touch.shift ? null : this.carriageAt(touch);
    return held !== null || this.carriage !== null || this.choose(touch);
  }

  move(touch: Touch, isDown: boolean): void {
    if (isDown && this.carriage) this.carriage = this.carried(this.carriage, touch);
    const { at } = touch;
    if (!isDown || !this.pull) return;
    const { base, handle } = this.pull;
    // From how it was, so that a box can be turned inside out and back.
    this.pull = { ...this.pull, handle: { ...handle, at }, now: pulled(base, handle, at) };
  }

  release(): void {
    const { pull, carriage, bench } = this;
    this.pull = null;
    this.carriage = null;
    if (carriage?.change) this.putDown(carriage);
    else if (carriage?.hit) bench.amend(select(bench.sketch, [carriage.hit]));
    if (!pull || sameElements([pull.now], [pull.element])) return;
    if (!bench.sketch.elements.some(({ id }) => id === pull.now.id)) return;
    const sketch = replace(bench.sketch, pull.now);
    const sound = repaired(pull.now);
    if (sound) this.active = null;
    bench.commit(sound ? reshapedInto(sketch, pull.now, sound) : sketch);
  }

  cancel(): void {
    this.letGo();
  }

  finish(): void {}

  /** The vertex that was touched last, or else all that is selected. */
  takeBack(): boolean {
    const { bench } = this;
    const { sketch } = bench;
    const { active } = this;
    const element = active && selection(sketch).find(({ id }) => id === active.element);
    if (element && active.handle.kind === "vertex") {
      this.dropVertex(element, active.handle);
      return true;
    }
    if (sketch.selected.length === 0) return false;
    bench.commit(remove(sketch, sketch.selected));
    return true;
  }

  abandon(): boolean {
    const { bench } = this;
    const inHand = this.pull !== null || this.carriage !== null;
    const had = inHand || this.active !== null || bench.sketch.selected.length > 0;
    // First what is in hand, then the vertex, then the selection.
    if (inHand) this.letGo();
    else if (this.active) this.active = null;
    else if (had) bench.amend(select(bench.sketch, []));
    return had;
  }

  get preview(): Sketch | null {
    if (this.carriage) return this.carriedTo(this.carriage);
    return this.pull && replace(this.bench.sketch, this.pull.now);
  }

  get activeHandle(): Handle | null {
    if (this.pull) return this.pull.handle;
    const { active } = this;
    return active && this.bench.sketch.selected.includes(active.element) ? active.handle : null;
  }

  private letGo(): void {
    this.pull = null;
    this.carriage = null;
  }

  /** By the handle that turns, or by the inside of what is selected. */
  private carriageAt({ at, unit, grip }: Touch): Carriage | null {
    const { sketch } = this.bench;
    const reach = REACH * grip * unit;
    const turn = turnHandleOf(selection(sketch), unit);
    const { selected: ids } = sketch;
    if (turn && Math.hypot(turn.at.x - at.x, turn.at.y - at.y) <= reach) {
      return { from: at, about: turn.centre, hit: null, ids, change: null };
    }
    const hit = elementAt(sketch.elements, at, reach);
    const isHeld = hit !== null && ids.includes(hit.id);
    return isHeld ? { from: at, about: null, hit: hit.id, ids, change: null } : null;
  }

  private carried(carriage: Carriage, { at, unit, grip, shift }: Touch): Carriage {
    const { from, about } = carriage;
    const [dx, dy] = [at.x - from.x, at.y - from.y];
    if (!carriage.change && Math.hypot(dx, dy) < MEANT * grip * unit) return carriage;
    const change = about
      ? (element: DrawnElement) => turned(element, about, angleBetween(about, from, at, shift))
      : (element: DrawnElement) => moved(element, dx, dy);
    return { ...carriage, change };
  }

  /** In the sketch as it is now: it may have been changed while the pointer was down. */
  private carriedTo({ ids, change }: Carriage): Sketch | null {
    const { sketch } = this.bench;
    if (!change) return null;
    if (this.latest?.sketch !== sketch || this.latest.change !== change) {
      const held = new Set(ids);
      const there = sketch.elements.flatMap(({ id }) => (held.has(id) ? [id] : []));
      const next = there.length > 0 ? carry(select(sketch, there), change) : null;
      this.latest = { sketch, change, next };
    }
    return this.latest.next;
  }

  private putDown(carriage: Carriage): void {
    const { sketch } = this.bench;
    const next = this.carriedTo(carriage);
    this.latest = null;
    if (!next) return;
    const before = selection(select(sketch, next.selected));
    if (!sameElements(selection(next), before)) this.bench.commit(next);
  }

  private hold({ at, unit, grip, alt }: Touch): Pull | null {
    const reach = REACH * grip * unit;
    const chosen = selection(this.bench.sketch);
    for (const element of chosen) {
      const handle = handleAt(element, at, reach);
      if (handle) return { element, base: element, handle, now: element };
    }
    if (alt) return null;
    for (const element of chosen) {
      const made = inserted(element, at, reach);
      if (made) return { element, base: made[0], handle: made[1], now: element };
    }
    return null;
  }

  private dropVertex(element: DrawnElement, handle: Handle): void {
    const { bench } = this;
    this.active = null;
    const left = without(element, handle);
    if (left === element) return;
    bench.commit(left ? replace(bench.sketch, left) : remove(bench.sketch, [element.id]));
  }

  private choose({ at, unit, grip, shift }: Touch): boolean {
    const { bench } = this;
    const { selected, elements } = bench.sketch;
    const hit = elementAt(elements, at, REACH * grip * unit);
    const next = chosenAfter(selected, hit, shift);
    if (next !== selected) bench.amend(select(bench.sketch, next));
    // On the ground the slide is moved.
    return hit !== null;
  }
}

function chosenAfter(
  selected: readonly string[],
  hit: DrawnElement | null,
  shift: boolean,
): readonly string[] {
  if (!hit) return shift || selected.length === 0 ? selected : [];
  const isIn = selected.includes(hit.id);
  if (shift) return isIn ? selected.filter((id) => id !== hit.id) : [...selected, hit.id];
  return isIn && selected.length === 1 ? selected : [hit.id];
}
