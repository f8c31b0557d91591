/**
 * Which of the pointers on the slide draws, and which move it.
 *
 * One pointer draws at a time, and no other touches its stroke. Two fingers move the slide and
 * zoom. A pen beats fingers: while it is about, a finger or the palm of the hand only moves the
 * slide.
 */
import type { Point } from "../../model/box";

export type Press = Pick<
  PointerEvent,
  "pointerId" | "pointerType" | "clientX" | "clientY" | "timeStamp"
>;

export interface HandsEvents<E extends Press> {
  /** False where what is in hand has no use for it: then the slide is moved. */
  readonly onPress: (event: E) => boolean;
  readonly onMove: (event: E, isDown: boolean) => void;
  readonly onRelease: () => void;
  /** The press was the beginning of something else. */
  readonly onCancel: () => void;
  /** The slide is to be moved by so many CSS pixels. */
  readonly onPan: (dx: number, dy: number) => void;
  /** The slide is to be enlarged about a place of the window, in CSS pixels. */
  readonly onZoom: (factor: number, at: Point) => void;
}

/** A second finger that comes later than this is a palm, unless the first has hardly moved. */
const GRACE_MS = 250;
/** In CSS pixels. */
const HARDLY = 8;
/** For so long after a pen was seen, fingers do not draw. */
const PEN_MS = 30_000;

interface Stroke {
  readonly pointer: number;
  readonly type: string;
  readonly began: number;
  readonly from: Point;
  readonly at: Point;
  /** How far it has been from where it began, though it may be there again. */
  readonly reach: number;
}

export class Hands<E extends Press> {
  private stroke: Stroke | null = null;
  /** Those that move the slide, one or two, and where they are. */
  private readonly movers = new Map<number, Point>();
  private penSeen = Number.NEGATIVE_INFINITY;

  constructor(private readonly events: HandsEvents<E>) {}

  /** @param draws the button and the keys are those that one draws with. */
  press(event: E, draws: boolean): void {
    this.watchForPen(event);
    const { pointerId, pointerType: type, timeStamp } = event;
    if (this.stroke && !this.yields(this.stroke, event)) return;
    if (type === "touch" && this.movers.size > 0) {
      if (this.movers.size < 2) this.movers.set(pointerId, placeOf(event));
      return;
    }
    this.movers.clear();
    const isSpare = type === "touch" && timeStamp - this.penSeen < PEN_MS;
    const [from, at] = [placeOf(event), placeOf(event)];
    if (draws && !isSpare && this.events.onPress(event)) {
      this.stroke = { pointer: pointerId, type, began: timeStamp, from, at, reach: 0 };
    } else this.movers.set(pointerId, at);
  }

  move(event: E): void {
    this.watchForPen(event);
    const { stroke, movers } = this;
    const isStroke = stroke?.pointer === event.pointerId;
    if (movers.has(event.pointerId)) this.moveSlide(event);
    else if (isStroke || (!stroke && movers.size === 0)) this.events.onMove(event, isStroke);
    if (isStroke) {
      const at = placeOf(event);
      this.stroke = { ...stroke, at, reach: Math.max(stroke.reach, distance(stroke.from, at)) };
    }
  }

  release(event: E): void {
    this.movers.delete(event.pointerId);
    if (this.stroke?.pointer !== event.pointerId) return;
    this.stroke = null;
    this.events.onRelease();
  }

  /** The browser has taken the pointer away. */
  lose({ pointerId }: E): void {
    this.movers.delete(pointerId);
    if (this.stroke?.pointer !== pointerId) return;
    this.stroke = null;
    this.events.onCancel();
  }

  get isPanning(): boolean {
    return this.movers.size > 0;
  }

  /** Whether the stroke gives way to another pointer that has come down. */
  private yields(stroke: Stroke, event: E): boolean {
    if (stroke.type !== "touch" || event.pointerType === "mouse") return false;
    const isTwoFingers = event.pointerType === "touch";
    const isYoung = event.timeStamp - stroke.began < GRACE_MS || stroke.reach < HARDLY;
    if (isTwoFingers && !isYoung) return false;
    this.stroke = null;
    this.events.onCancel();
    if (isTwoFingers) this.movers.set(stroke.pointer, stroke.at);
    return true;
  }

  private moveSlide(event: E): void {
    const before = [...this.movers.values()];
    this.movers.set(event.pointerId, placeOf(event));
    const after = [...this.movers.values()];
    const [from, to] = [middle(before), middle(after)];
    this.events.onPan(to.x - from.x, to.y - from.y);
    const [apart, now] = [spread(before), spread(after)];
    if (apart > 0 && now > 0) this.events.onZoom(now / apart, to);
  }

  private watchForPen({ pointerType, timeStamp }: E): void {
    if (pointerType === "pen") this.penSeen = timeStamp;
  }
}

function placeOf({ clientX: x, clientY: y }: Press): Point {
  return { x, y };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function middle(points: readonly Point[]): Point {
  const sum = points.reduce((all, { x, y }) => ({ x: all.x + x, y: all.y + y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}

/** How far two lie apart; 0 for one alone. */
function spread([one, other]: readonly Point[]): number {
  return one && other ? distance(one, other) : 0;
}
