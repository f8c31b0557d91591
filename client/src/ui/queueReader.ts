/** Reading the queue with the keyboard alone. */
import type { Commands } from "../state/commands";
import type { AppState } from "../state/state";
import { giveFocus, isForPage } from "./pageKeys";

export class QueueReader {
  private isShown = false;

  constructor(commands: Commands) {
    addEventListener("keydown", (event) => {
      if (this.isShown && event.key === "Escape" && isForPage(event))
        commands.launch.showQueue(false);
    });
  }

  /** After it was drawn, and after the readers of the other pages. */
  show({ launch }: AppState): void {
    const wasShown = this.isShown;
    this.isShown = launch.queue !== null;
    if (this.isShown) {
      for (const id of ["stage", "panel"])
        document.getElementById(id)?.toggleAttribute("inert", true);
    }
    if (!wasShown && this.isShown) document.getElementById("queue-title")?.focus();
    if (wasShown && !this.isShown) giveFocus(document.getElementById("queue-button"));
  }
}
