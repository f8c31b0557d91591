/** The rectangle to segment: shown over the slide, drawn with the pointer. */
import { type Box, intersection, type Point, rounded, spanned } from "../model/box";
import { type Projection, toBase, toScreen } from "../model/projection";
import type { RegionChoice } from "../state/state";

/** A click is no rectangle. */
const SMALLEST_CSS_PX = 6;

export class RegionTool {
  private readonly pane = document.createElement("div");
  private readonly outline = document.createElement("div");
  private projection: Projection | null = null;
  private choice: RegionChoice | null = null;
  private start: Point | null = null;
  /** The pointer that draws; others are palms and second fingers. */
  private pointer: number | null = null;
  private draft: Box | null = null;

  constructor(
    surface: HTMLElement,
    /** Null when the reader thought better of it. */
    private readonly onDrawn: (box: Box | null) => void,
    private readonly slideBox: () => Box | null,
  ) {
    this.pane.className = "region-pane";
    this.outline.className = "region-outline";
    surface.append(this.outline, this.pane);
    this.pane.addEventListener("pointerdown", (event) => this.press(event));
    this.pane.addEventListener("pointermove", (event) => this.drag(event));
    this.pane.addEventListener("pointerup", (event) => this.release(event));
    // A palm, as it turns out, or a pointer that the browser has taken away: nothing was drawn.
    for (const lost of ["pointercancel", "lostpointercapture"] as const)
      this.pane.addEventListener(lost, (event) => this.drop(event));
    addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.choice?.drawing || event.defaultPrevented) return;
      event.preventDefault();
      this.abandon();
    });
  }

  show(choice: RegionChoice): void {
    this.choice = choice;
    this.pane.classList.toggle("active", choice.drawing);
    if (!choice.drawing) this.forgetDraft();
    this.place();
  }

  draw(projection: Projection | null): void {
    this.projection = projection;
    this.place();
  }

  private press(event: PointerEvent): void {
    if (event.button !== 0) return;
    // Kept from OpenSeadragon, which would pan. The wheel still zooms.
    event.stopPropagation();
    event.preventDefault();
    if (this.pointer !== null && this.pointer !== event.pointerId) return;
    this.pointer = event.pointerId;
    this.pane.setPointerCapture(event.pointerId);
    this.start = this.at(event);
  }

  private drag(event: PointerEvent): void {
    if (!this.start || event.pointerId !== this.pointer) return;
    event.stopPropagation();
    const end = this.at(event);
    this.draft = end && spanned(this.start, end);
    this.place();
  }

  private release(event: PointerEvent): void {
    if (!this.start || event.pointerId !== this.pointer) return;
    event.stopPropagation();
    const box = this.finished();
    this.forgetDraft();
    if (box) this.onDrawn(box);
    this.place();
  }

  private drop(event: PointerEvent): void {
    if (event.pointerId !== this.pointer) return;
    this.forgetDraft();
    this.place();
  }

  /** The draft on the slide and in whole pixels; null when there is too little of it. */
  private finished(): Box | null {
    const slide = this.slideBox();
    const box = slide && this.draft && intersection(rounded(this.draft), slide);
    const smallest = SMALLEST_CSS_PX / (this.projection?.scale ?? 1);
    return box && box[2] >= smallest && box[3] >= smallest ? box : null;
  }

  /** The reader has thought better of it. */
  private abandon(): void {
    this.forgetDraft();
    this.onDrawn(null);
  }

  private forgetDraft(): void {
    this.pointer = null;
    this.start = null;
    this.draft = null;
  }

  private at(event: PointerEvent): Point | null {
    if (!this.projection) return null;
    const { left, top } = this.pane.getBoundingClientRect();
    return toBase(this.projection, { x: event.clientX - left, y: event.clientY - top });
  }

  private place(): void {
    const box = this.draft ?? (this.choice?.scope === "drawn" ? this.choice.box : null);
    this.outline.hidden = !box || !this.projection;
    if (!box || !this.projection) return;
    const { x, y } = toScreen(this.projection, { x: box[0], y: box[1] });
    const { style } = this.outline;
    style.transform = `translate(${x}px, ${y}px)`;
    style.width = `${box[2] * this.projection.scale}px`;
    style.height = `${box[3] * this.projection.scale}px`;
  }
}
