/** Reading the page of the data sets with the keyboard alone. */
import type { Commands } from "../state/commands";
import type { DatasetPage } from "../state/state";
import { giveFocus, isForPage } from "./pageKeys";

export class DatasetReader {
  private page: DatasetPage | null = null;

  constructor(private readonly commands: Commands) {
    addEventListener("keydown", (event) => {
      if (this.page && isForPage(event) && !event.altKey && !event.ctrlKey && !event.metaKey)
        this.press(event.key);
    });
  }

  /** After it was drawn: what lies below is out of reach, and the focus is where one reads on. */
  show(page: DatasetPage | null): void {
    const before = this.page;
    this.page = page;
    for (const id of ["stage", "panel"]) {
      document.getElementById(id)?.toggleAttribute("inert", page !== null);
    }
    if (!before && page) focus("#datasets-title");
    if (before && !page) giveFocus(document.getElementById("datasets-button"));
    const [from, to] = [before?.place.region ?? null, page?.place.region ?? null];
    // What had the focus is gone with the cards, or with the region.
    if (page && before && from === null && to !== null) focus("#datasets-title");
    if (page && from !== null && to === null) focus(`[data-region="${CSS.escape(from)}"]`);
  }

  private press(key: string): void {
    if (key === "Escape") this.commands.leaveDatasets();
    if (key === "ArrowLeft") this.commands.turnRegion(-1);
    if (key === "ArrowRight") this.commands.turnRegion(1);
  }
}

function focus(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus();
}
