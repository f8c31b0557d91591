/** The line of a swipe: left of it one view, right of it the other. Dragged, or moved by arrows. */
import { COMPARE } from "../../words/compare";

const STEP = 0.02;
const LEAP = 0.1;

export class Divider {
  private readonly line = document.createElement("div");
  private place = 0.5;

  constructor(
    private readonly stage: HTMLElement,
    private readonly onMoved: (place: number) => void,
  ) {
    const { line } = this;
    line.className = "divider";
    line.dataset.testid = "divider";
    line.tabIndex = 0;
    line.title = COMPARE.dividerTitle;
    line.setAttribute("role", "slider");
    line.setAttribute("aria-label", COMPARE.divider);
    line.setAttribute("aria-valuemin", "0");
    line.setAttribute("aria-valuemax", "100");
    line.append(document.createElement("span"));
    stage.append(line);
    line.addEventListener("pointerdown", (event) => {
      line.setPointerCapture(event.pointerId);
      event.preventDefault();
      line.focus();
    });
    line.addEventListener("pointermove", (event) => this.drag(event));
    line.addEventListener("keydown", (event) => this.press(event));
  }

  /** Null hides it. */
  show(place: number | null): void {
    this.line.hidden = place === null;
    if (place === null) return;
    this.place = place;
    this.stage.style.setProperty("--divider", `${100 * place}%`);
    this.line.setAttribute("aria-valuenow", String(Math.round(100 * place)));
  }

  private drag(event: PointerEvent): void {
    if (!this.line.hasPointerCapture(event.pointerId)) return;
    const { left, width } = this.stage.getBoundingClientRect();
    this.move((event.clientX - left) / width);
  }

  private press(event: KeyboardEvent): void {
    const step = event.shiftKey ? LEAP : STEP;
    const places: Record<string, number> = {
      ArrowLeft: this.place - step,
      ArrowRight: this.place + step,
      Home: 0,
      End: 1,
    };
    const place = places[event.key];
    if (place === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.move(place);
  }

  private move(place: number): void {
    this.onMoved(Math.min(1, Math.max(0, place)));
  }
}
