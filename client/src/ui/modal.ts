/** What lies over everything: the browser keeps the focus inside, and here it is given back. */
import { giveFocus } from "./pageKeys";

export class Modal {
  private card: HTMLDialogElement | null = null;
  private before: Element | null = null;

  constructor(private readonly host: HTMLElement) {}

  /** After it was drawn: opens the dialog that is there, or follows one that has gone. */
  show(): void {
    const card = this.host.querySelector("dialog");
    if (card && card !== this.card) this.before = document.activeElement;
    if (card && !card.open) card.showModal();
    if (!card && this.card) giveFocus(this.before);
    this.card = card;
  }
}
