/** Looking at what models are trained on: which data sets there are, and the regions of one. */
import type { Api } from "../api/client";
import type { Calls } from "./calls";
import { neighbour, shownRegion } from "./datasetPage";
import type { Action } from "./reducer";
import type { AppState, DatasetPlace } from "./state";
import type { Store } from "./store";

export const ALL: DatasetPlace = { digest: null, split: null, region: null };

export class Datasets {
  constructor(
    private readonly api: Api,
    private readonly store: Store<AppState, Action>,
    private readonly calls: Calls,
  ) {}

  /** Goes to a place among the data sets, or away from them. */
  async show(place: DatasetPlace | null): Promise<void> {
    const before = this.store.state.datasets;
    this.store.dispatch({ type: "datasetPlace", place });
    if (!place) return;
    const listed = before ? Promise.resolve() : this.loadList();
    if (place.digest === null) await listed;
    else if (place.digest !== before?.place.digest) await this.load(place.digest);
    if (place.region !== null) await this.loadSlide();
  }

  /** Stays in the page and changes what of it is seen; another data set is seen as a whole. */
  change(change: Partial<DatasetPlace>): void {
    const place = this.store.state.datasets?.place;
    if (!place) return;
    const whole = change.digest !== undefined && change.digest !== place.digest;
    void this.show({ ...(whole ? ALL : place), ...change });
  }

  /** From a region to all of them, from there to where the reader came from. */
  stepBack(): void {
    if (this.store.state.datasets?.place.region) this.change({ region: null });
    else void this.show(null);
  }

  /** To the next region, or to the one before. */
  turn(step: 1 | -1): void {
    const { datasets } = this.store.state;
    const next = datasets && neighbour(datasets, step);
    if (next) this.change({ region: next.name });
  }

  /** Asks again for everything that is on show. */
  async refresh(): Promise<void> {
    const digest = this.store.state.datasets?.place.digest;
    await this.loadList();
    if (digest) await this.load(digest);
    await this.loadSlide();
  }

  private async loadList(): Promise<void> {
    const list = await this.calls.load(() => this.api.datasets());
    this.store.dispatch({ type: "datasetList", list });
    const place = this.store.state.datasets?.place;
    const newest = list.status === "ready" ? list.value.datasets[0] : undefined;
    if (newest && place?.digest === null) await this.show({ ...place, digest: newest.digest });
  }

  private async load(digest: string): Promise<void> {
    const dataset = await this.calls.load(() => this.api.dataset(digest));
    this.store.dispatch({ type: "dataset", digest, dataset });
  }

  /** Whether the region can be gone to, and whether the slide is still the same. */
  private async loadSlide(): Promise<void> {
    const { datasets } = this.store.state;
    const region = datasets && shownRegion(datasets);
    if (!region) return;
    const { id } = region.slide;
    const slide = await this.calls.load(() => this.api.slide(id));
    this.store.dispatch({ type: "datasetSlide", id, slide });
  }
}
