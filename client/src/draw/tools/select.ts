/** Chooses elements and pulls at their corners. */
import { type DrawnElement, elementAt } from "../element";
import { type Handle, handleAt, inserted, pulled, repaired, without } from "../handles";
import { remove, replace, reshapedInto, type Sketch, select, selection } from "../sketch";
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

export class SelectTool implements Tool {
  readonly draft = null;
  private pull: Pull | null = null;
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
    return held !== null || this.choose(touch);
  }

  move({ at }: Touch, isDown: boolean): void {
    if (!isDown || !this.pull) return;
    const { base, handle } = this.pull;
    // From how it was, so that a box can be turned inside out and back.
    this.pull = { ...this.pull, handle: { ...handle, at }, now: pulled(base, handle, at) };
  }

  release(): void {
    const { pull, bench } = this;
    this.pull = null;
    if (!pull || pull.now === pull.element) return;
    const sketch = replace(bench.sketch, pull.now);
    const sound = repaired(pull.now);
    if (sound) this.active = null;
    bench.commit(sound ? reshapedInto(sketch, pull.now, sound) : sketch);
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
    const had = this.pull !== null || this.active !== null || bench.sketch.selected.length > 0;
    // First the pull, then the vertex, then the selection.
    if (this.pull) this.pull = null;
    else if (this.active) this.active = null;
    else if (had) bench.amend(select(bench.sketch, []));
    return had;
  }

  get preview(): Sketch | null {
    return this.pull && replace(this.bench.sketch, this.pull.now);
  }

  get activeHandle(): Handle | null {
    if (this.pull) return this.pull.handle;
    const { active } = this;
    return active && this.bench.sketch.selected.includes(active.element) ? active.handle : null;
  }

  private hold({ at, unit, alt }: Touch): Pull | null {
    const chosen = selection(this.bench.sketch);
    for (const element of chosen) {
      const handle = handleAt(element, at, REACH * unit);
      if (handle) return { element, base: element, handle, now: element };
    }
    if (alt) return null;
    for (const element of chosen) {
      const made = inserted(element, at, REACH * unit);
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

  private choose({ at, unit, shift }: Touch): boolean {
    const { bench } = this;
    const { selected, elements } = bench.sketch;
    const hit = elementAt(elements, at, REACH * unit);
    const next = chosenAfter(selected, hit, shift);
    if (next !== selected) bench.amend(select(bench.sketch, next));
    // On the ground the slide is moved, and on what was selected before as well.
    return hit !== null && !selected.includes(hit.id);
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
