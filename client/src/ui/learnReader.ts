/** The pages about learning with the keyboard: what lies below is out of reach, Esc leads back. */
import type { LearnState } from "../state/learn";
import type { LearnCommands } from "../state/learning";
import { giveFocus, isForPage } from "./pageKeys";

export class LearnReader {
  private page: LearnState | null = null;

  constructor(private readonly learn: LearnCommands) {
    addEventListener("keydown", (event) => {
      if (!this.page || event.key !== "Escape" || !isForPage(event)) return;
      if (this.page.wish) this.learn.wish(null);
      else this.learn.show(null);
    });
  }

  /** After it was drawn, and after the reader of the data sets. */
  show(page: LearnState | null): void {
    const before = this.page;
    this.page = page;
    if (page)
      for (const id of page?.place.page === "review" ? ["panel"] : ["stage", "panel"])
        document.getElementById(id)?.toggleAttribute("inert", true);
    if (page && before?.place.page !== page.place.page) focus("#learn-title");
    if (before && !page) giveFocus(document.getElementById(`${before.place.page}-button`));
    if (page?.wish && !before?.wish) focus("[data-testid=why]");
  }
}

function focus(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus();
}
