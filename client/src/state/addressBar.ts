/** Keeps the address bar and the state in step, in both directions. */
import { debounce } from "./debounce";
import { LEARN_PAGES } from "./learn";
import type { Action } from "./reducer";
import type { AppState } from "./state";
import type { Store } from "./store";
import { type Address, decodeAddress, encodeAddress } from "./url";

/** Browsers refuse more than some hundred history changes in half a minute. */
const PAUSE_MS = 300;

export class AddressBar {
  private place: Place = null;
  private latest = "";
  /** The hash as it was last read or written here. */
  private known = "";
  private readonly replaceSoon = debounce(() => this.replace(), PAUSE_MS);

  constructor(private readonly store: Store<AppState, Action>) {}

  read(): Address {
    return decodeAddress(location.hash);
  }

  /** From now on the address follows the state, and `navigate` is called when the reader moves. */
  start(navigate: (address: Address) => void): void {
    this.known = location.hash;
    this.place = placeOf(this.read());
    this.store.subscribe((state) => this.follow(state));
    // Fires for back, forward and an edited hash, never for our own pushState and replaceState.
    addEventListener("popstate", () => {
      this.replaceSoon.cancel();
      this.known = location.hash;
      const address = this.read();
      this.place = placeOf(address);
      navigate(address);
    });
  }

  private follow(state: AppState): void {
    const address = addressOf(state);
    const place = placeOf(address);
    const isOther = place !== null && place !== this.place;
    // What is still waiting belongs to the entry that we are about to leave.
    if (isOther) this.replaceSoon.flush();
    this.latest = encodeAddress(address);
    if (isOther) this.enter(place);
    else this.replaceSoon();
  }

  private enter(place: Place): void {
    // What was chosen for the reader takes the place of the bare address: "back" must not lead to
    // where nothing is, or straight here again.
    const isFirst = UNDECIDED.includes(this.place);
    this.place = place;
    this.write(isFirst ? "replaceState" : "pushState");
  }

  private replace(): void {
    // The reader has just moved, and `popstate` is on its way: where they go stands.
    const isAway = location.hash !== this.known;
    if (this.latest && this.latest !== location.hash && !isAway) this.write("replaceState");
  }

  private write(how: "pushState" | "replaceState"): void {
    history[how](null, "", this.latest);
    this.known = location.hash;
  }
}

/** Where "back" leads to: a slide, a data set or the queue; how they are looked at is none. */
type Place = string | null;

const UNDECIDED: readonly Place[] = [null, "dataset ", ...LEARN_PAGES.map((page) => `${page} `)];

function placeOf({ slide, dataset, learn, queue }: Address): Place {
  if (queue) return "queue";
  if (learn) return `${learn.page} ${learn.of ?? ""}`;
  if (dataset) return `dataset ${dataset.digest ?? ""}`;
  return slide === null ? null : `slide ${slide}`;
}

/** Where the reader is, and how they look at it. */
export function addressOf(state: AppState): Address {
  const { slide, camera, overlay, comparison, datasets, learn, launch } = state;
  const dataset = datasets?.place ?? null;
  return {
    slide: slide?.id ?? null,
    camera,
    run: slide?.runId ?? null,
    overlay,
    comparison,
    dataset,
    learn: learn?.place ?? null,
    ...(launch.queue && { queue: true }),
  };
}
