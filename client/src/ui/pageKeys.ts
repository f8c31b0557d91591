/** Manners of the pages above the stage: which keys are theirs, and whose the focus is. */

/** Nobody before has made anything of the key, and no dialog lies over the page. */
export function isForPage(event: KeyboardEvent): boolean {
  return !event.defaultPrevented && !document.querySelector("dialog[open]");
}

/** To where the reader came from, unless they have put the focus elsewhere by now. */
export function giveFocus(to: Element | null): void {
  const now = document.activeElement;
  if (now !== null && now !== document.body) return;
  if (to instanceof HTMLElement && to.isConnected) to.focus();
}
