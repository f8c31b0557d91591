/** Keeps the address bar and the state in step, in both directions. */
import { debounce } from "./debounce";
import type { Action } from "./reducer";
import type { AppState } from "./state";
import type { Store } from "./store";
import { type Address, decodeAddress, encodeAddress } from "./url";

/** Browsers refuse more than some hundred history changes in half a minute. */
const PAUSE_MS = 300;

export class AddressBar {
  private slide: string | null = null;
  private latest = "";
  private readonly replaceSoon = debounce(() => this.replace(), PAUSE_MS);

  constructor(private readonly store: Store<AppState, Action>) {}

  read(): Address {
    return decodeAddress(location.hash);
  }

  /** From now on the address follows the state, and `navigate` is called when the reader moves. */
  start(navigate: (address: Address) => void): void {
    this.slide = this.read().slide;
    this.store.subscribe((state) => this.follow(state));
    // Fires for back, forward and an edited hash, never for our own pushState and replaceState.
    addEventListener("popstate", () => {
      this.replaceSoon.cancel();
      const address = this.read();
      this.slide = address.slide;
      navigate(address);
    });
  }

  /** A slide is a place to come back to; how it is looked at is not. */
  private follow(state: AppState): void {
    const slide = state.slide?.id ?? null;
    const isOther = slide !== null && slide !== this.slide;
    // What is still waiting belongs to the entry that we are about to leave.
    if (isOther) this.replaceSoon.flush();
    this.latest = encodeAddress(addressOf(state));
    if (isOther) this.enter(slide);
    else this.replaceSoon();
  }

  private enter(slide: string): void {
    const isFirst = this.slide === null;
    this.slide = slide;
    // The first slide takes the place of the bare address: "back" must not lead to nothing.
    if (isFirst) history.replaceState(null, "", this.latest);
    else history.pushState(null, "", this.latest);
  }

  private replace(): void {
    if (this.latest && this.latest !== location.hash) history.replaceState(null, "", this.latest);
  }
}

function addressOf(state: AppState): Address {
  const { slide, camera, overlay } = state;
  return { slide: slide?.id ?? null, camera, run: slide?.runId ?? null, overlay };
}
