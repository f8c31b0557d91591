/** Reviewing with the keyboard alone; while it goes on, the slide's own keys rest. */
import type { Verdict } from "../api/review";
import type { LearnPageName } from "../state/learn";
import type { ReviewCommands } from "../state/reviewing";

const VERDICTS: Readonly<Record<string, Verdict>> = { a: "accept", f: "fix", s: "skip" };
const STEPS: Readonly<Record<string, 1 | -1>> = {
  ArrowLeft: -1,
  ArrowUp: -1,
  ArrowRight: 1,
  ArrowDown: 1,
};

export class ReviewKeys {
  private page: LearnPageName | null = null;

  constructor(
    private readonly commands: ReviewCommands,
    /** A drawing tool is in hand: then letters are for drawing. */
    private readonly isDrawing: () => boolean,
  ) {
    // Before the slide hears of it: A, S and the arrows would move it.
    addEventListener("keydown", (event) => this.press(event), { capture: true });
  }

  show(page: LearnPageName | null): void {
    this.page = page;
    if (page !== "review") return;
    document
      .querySelector<HTMLElement>(".film[aria-current=true]")
      ?.scrollIntoView({ block: "nearest" });
  }

  private press(event: KeyboardEvent): void {
    if (this.page !== "review" || event.altKey || event.ctrlKey || event.metaKey) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.target instanceof HTMLElement && event.target.matches("input, select, textarea")) {
      return;
    }
    const verdict = this.isDrawing() ? undefined : VERDICTS[event.key.toLowerCase()];
    const step = STEPS[event.key];
    if (!verdict && !step) return;
    event.preventDefault();
    event.stopPropagation();
    // A key that is held down says one thing.
    if (verdict && !event.repeat) this.commands.say(verdict);
    if (step) this.commands.turn(step);
  }
}
