/** Takes the pointer from the slide while a tool is in hand, and gives it back to move the slide. */
import type { Desk } from "../../draw/desk";
import type { Touch } from "../../draw/tools/tool";
import type { Box, Point } from "../../model/box";
import { type Projection, toBase } from "../../model/projection";
import { Hands } from "./hands";
import { SketchLayer } from "./sketchLayer";

export interface DrawPaneEvents {
  /** The slide is to be moved by so many CSS pixels. */
  readonly onPan: (dx: number, dy: number) => void;
  /** It is to be enlarged about a place of the pane, in CSS pixels. */
  readonly onZoom: (factor: number, at: Point) => void;
}

const PRIMARY = 0;
const MIDDLE = 1;
/** A finger covers what it points at: it may miss by so much more than a mouse or a pen. */
const FINGER_GRIP = 2.5;

export class DrawPane {
  private readonly pane = document.createElement("div");
  private readonly layer: SketchLayer;
  private projection: Projection | null = null;
  private slide: Box | null = null;
  private cursor: Point | null = null;
  private readonly hands: Hands<PointerEvent>;
  private isSpaceHeld = false;
  private frame = 0;

  constructor(
    surface: HTMLElement,
    private readonly desk: Desk,
    private readonly events: DrawPaneEvents,
  ) {
    this.layer = new SketchLayer(surface);
    this.hands = new Hands({
      onPress: (event) => this.begin(event),
      onMove: (event, isDown) => this.follow(event, isDown),
      onRelease: () => this.desk.tool?.release(),
      onCancel: () => this.desk.tool?.cancel(),
      onPan: (dx, dy) => events.onPan(dx, dy),
      onZoom: (factor, at) => this.zoom(factor, at),
    });
    this.pane.className = "draw-pane";
    this.pane.dataset.testid = "draw-pane";
    surface.append(this.pane);
    this.pane.addEventListener("pointerdown", (event) => this.press(event));
    this.pane.addEventListener("pointermove", (event) => this.move(event));
    this.pane.addEventListener("pointerup", (event) => this.release(event));
    this.pane.addEventListener("pointercancel", (event) => this.abandon(event));
    // Last, and after those: where neither came, what was drawn so far counts.
    this.pane.addEventListener("lostpointercapture", (event) => this.release(event));
    this.pane.addEventListener("pointerleave", () => this.leave());
    this.pane.addEventListener("dblclick", () => {
      this.desk.tool?.finish();
      this.repaint();
    });
    addEventListener("keydown", (event) => this.holdSpace(event, true));
    addEventListener("keyup", (event) => this.holdSpace(event, false));
    addEventListener("blur", () => this.setSpace(false));
    desk.store.subscribe(() => this.show());
  }

  /** After every frame of the slide. */
  draw(projection: Projection | null, slide: Box | null): void {
    this.projection = projection;
    this.slide = slide;
    this.paint();
  }

  /** Before the next frame; moves of the pointer come more often than those. */
  repaint(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  private show(): void {
    const { tool } = this.desk.state;
    this.pane.classList.toggle("active", tool !== "pan");
    this.pane.dataset.tool = tool;
    this.repaint();
  }

  private paint(): void {
    const { desk, cursor } = this;
    this.layer.paint(this.projection, { desk: desk.state, tool: desk.tool, cursor }, this.slide);
  }

  private press(event: PointerEvent): void {
    if (event.button !== PRIMARY && event.button !== MIDDLE) return;
    // Kept from OpenSeadragon, which would pan. The wheel still zooms.
    event.stopPropagation();
    event.preventDefault();
    this.pane.setPointerCapture(event.pointerId);
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    this.hands.press(event, event.button === PRIMARY && !this.isSpaceHeld);
    this.settle();
  }

  private move(event: PointerEvent): void {
    this.hands.move(event);
    this.repaint();
  }

  private release(event: PointerEvent): void {
    event.stopPropagation();
    this.hands.release(event);
    // A finger that has gone points nowhere.
    if (event.pointerType === "touch") this.cursor = null;
    this.settle();
  }

  private abandon(event: PointerEvent): void {
    this.hands.lose(event);
    this.settle();
  }

  private settle(): void {
    this.pane.classList.toggle("panning", this.hands.isPanning);
    this.repaint();
  }

  private begin(event: PointerEvent): boolean {
    const touch = this.touch(event);
    return (touch && this.desk.tool?.press(touch)) ?? false;
  }

  private follow(event: PointerEvent, isDown: boolean): void {
    // A quick hand goes far between two frames; where it went is known all the same.
    const all = isDown ? event.getCoalescedEvents() : [];
    for (const each of all.length > 0 ? all : [event]) {
      const touch = this.touch(each);
      if (touch) this.desk.tool?.move(touch, isDown);
      this.cursor = touch?.at ?? null;
    }
  }

  private zoom(factor: number, { x, y }: Point): void {
    const { left, top } = this.pane.getBoundingClientRect();
    this.events.onZoom(factor, { x: x - left, y: y - top });
  }

  private leave(): void {
    this.cursor = null;
    this.repaint();
  }

  private touch(event: PointerEvent): Touch | null {
    if (!this.projection) return null;
    const { left, top } = this.pane.getBoundingClientRect();
    const at = toBase(this.projection, { x: event.clientX - left, y: event.clientY - top });
    const { altKey: alt, shiftKey: shift } = event;
    const subtracts = alt || this.desk.state.subtracting;
    const [unit, grip] = [1 / this.projection.scale, gripOf(event)];
    return { at: within(at, this.slide), unit, grip, subtracts, shift, alt };
  }

  private holdSpace(event: KeyboardEvent, isHeld: boolean): void {
    if (event.code !== "Space" || this.desk.state.tool === "pan") return;
    const { target } = event;
    // Whoever walks through the page with the keyboard presses buttons by it.
    if (isHeld && target instanceof HTMLElement && target.matches("input, :focus-visible")) return;
    if (!isHeld && !this.isSpaceHeld) return;
    event.preventDefault();
    this.setSpace(isHeld);
  }

  private setSpace(isHeld: boolean): void {
    this.isSpaceHeld = isHeld;
    this.pane.classList.toggle("ready-to-pan", isHeld);
  }
}

function gripOf({ pointerType }: PointerEvent): number {
  return pointerType === "touch" ? FINGER_GRIP : 1;
}

/** Nothing is drawn beside the slide. */
function within({ x, y }: Point, slide: Box | null): Point {
  if (!slide) return { x, y };
  const [, , width, height] = slide;
  return { x: Math.min(width, Math.max(0, x)), y: Math.min(height, Math.max(0, y)) };
}
