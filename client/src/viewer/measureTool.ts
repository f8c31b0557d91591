/** Measuring with the pointer: click by click; Enter or a double click completes, Esc ends. */
import type { Mpp } from "../api/types";
import type { Point } from "../model/box";
import { type MeasureKind, measured } from "../model/measure";
import { type Projection, toBase, toScreen } from "../model/projection";

const SVG = "http://www.w3.org/2000/svg";
const PAN_CSS_PX = 4;

interface Press {
  readonly pointer: number;
  readonly points: readonly Point[];
  readonly complete: boolean;
}

export class MeasureTool {
  private readonly pane = document.createElement("div");
  private readonly line = document.createElementNS(SVG, "path");
  private readonly label = document.createElement("output");
  private kind: MeasureKind | null = null;
  private points: readonly Point[] = [];
  private cursor: Point | null = null;
  private complete = false;
  /** The pointer that is down, and what there was before; others are palms and second fingers. */
  private press: Press | null = null;
  private projection: Projection | null = null;
  private mpp: Mpp | null = null;

  constructor(
    surface: HTMLElement,
    /** The tool that is in hand has changed. */
    private readonly onTool: (kind: MeasureKind | null) => void,
  ) {
    this.pane.className = "measure-pane";
    this.pane.dataset.testid = "measure-pane";
    this.label.dataset.testid = "measure-label";
    this.label.className = "measure-label";
    const drawing = document.createElementNS(SVG, "svg");
    drawing.append(this.line);
    this.pane.append(drawing, this.label);
    surface.append(this.pane);
    this.pane.addEventListener("pointerdown", (event) => this.touch(event));
    this.pane.addEventListener("pointermove", (event) => this.move(event));
    this.pane.addEventListener("pointercancel", (event) => this.takeBack(event));
    for (const up of ["pointerup", "lostpointercapture"] as const)
      this.pane.addEventListener(up, (event) => this.lift(event));
    this.pane.addEventListener("dblclick", (event) => {
      event.stopPropagation();
      this.finish();
    });
    addEventListener("keydown", (event) => {
      if (!this.kind || event.defaultPrevented) return;
      if (event.key === "Escape") {
        event.preventDefault();
        this.take(null);
      }
      if (event.key !== "Enter" || this.pane.closest("[inert]")) return;
      // The button that the tool was taken by has the focus: it must not put the tool away.
      event.preventDefault();
      this.finish();
    });
    this.place();
  }

  /** Takes a tool in hand, or puts it away; what was measured is gone. */
  take(kind: MeasureKind | null): void {
    this.kind = kind;
    this.begin();
    this.pane.classList.toggle("active", kind !== null);
    this.onTool(kind);
    this.place();
  }

  show(mpp: Mpp | null): void {
    this.mpp = mpp;
    this.place();
  }

  draw(projection: Projection | null): void {
    this.projection = projection;
    this.place();
  }

  private begin(): void {
    this.points = [];
    this.cursor = null;
    this.complete = false;
    this.press = null;
  }

  private touch(event: PointerEvent): void {
    if (event.button !== 0 || !this.projection) return;
    // Kept from OpenSeadragon, which would pan. The wheel still zooms.
    event.stopPropagation();
    event.preventDefault();
    // A second finger or a palm measures nothing.
    const { pointerId: pointer } = event;
    if (!event.isPrimary || this.isBeside(event)) return;
    const { points, complete } = this;
    if (complete) this.begin();
    this.press = { pointer, points, complete };
    this.pane.setPointerCapture(pointer);
    const point = this.at(event);
    const last = this.points.at(-1);
    const isNear = last && this.distance(last, point) < PAN_CSS_PX;
    if (!isNear) this.points = [...this.points, point];
    this.place();
  }

  private move(event: PointerEvent): void {
    if (!this.projection || this.complete || this.isBeside(event)) return;
    this.cursor = this.at(event);
    this.place();
  }

  private lift({ pointerId }: PointerEvent): void {
    if (this.press?.pointer === pointerId) this.press = null;
  }

  /** The browser has taken the pointer away: it was a palm, or the beginning of something else. */
  private takeBack({ pointerId }: PointerEvent): void {
    if (this.press?.pointer !== pointerId) return;
    const { points, complete } = this.press;
    this.begin();
    this.points = points;
    this.complete = complete;
    this.place();
  }

  private isBeside({ pointerId }: PointerEvent): boolean {
    return this.press !== null && this.press.pointer !== pointerId;
  }

  private finish(): void {
    this.complete = this.points.length > 1;
    this.cursor = null;
    this.place();
  }

  private at(event: PointerEvent): Point {
    const { left, top } = this.pane.getBoundingClientRect();
    const at = { x: event.clientX - left, y: event.clientY - top };
    return this.projection ? toBase(this.projection, at) : at;
  }

  private distance(a: Point, b: Point): number {
    return Math.hypot(a.x - b.x, a.y - b.y) * (this.projection?.scale ?? 1);
  }

  private place(): void {
    const { projection, kind } = this;
    const points = this.cursor ? [...this.points, this.cursor] : this.points;
    const isShown = projection !== null && kind !== null && this.points.length > 0;
    this.label.hidden = !isShown;
    this.line.toggleAttribute("hidden", !isShown);
    const screen = isShown ? points.map((point) => toScreen(projection, point)) : [];
    const path = screen.map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${x} ${y}`).join(" ");
    this.line.setAttribute("d", kind === "area" && path ? `${path} Z` : path);
    const last = screen.at(-1);
    if (!kind || !last) return;
    this.label.textContent = measured(kind, points, this.mpp);
    this.label.style.transform = `translate(${last.x + 12}px, ${last.y + 12}px)`;
  }
}
