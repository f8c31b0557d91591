/** The pages above the stage: one is open at a time, and whoever comes in again is back at theirs. */
import { addressOf } from "./addressBar";
import { ALL, type Datasets } from "./datasets";
import type { Launcher } from "./launcher";
import type { Learning } from "./learning";
import { isIn } from "./selectors";
import type { AppState } from "./state";
import type { Address } from "./url";

export interface PageParts {
  readonly launch: Launcher;
  readonly datasets: Datasets;
  readonly learning: Learning;
}

type Page = keyof PageParts;

const NOWHERE: Address = {
  slide: null,
  camera: null,
  run: null,
  overlay: {},
  comparison: null,
  dataset: null,
  learn: null,
};

export class Pages {
  /** Where the reader wants to be, once they may. */
  wanted = NOWHERE;

  constructor(
    private readonly store: { readonly state: AppState },
    private readonly parts: PageParts,
    /** The rectangle that is being drawn on the stage is given up. */
    private readonly giveUpRegion: () => void,
  ) {}

  /** Whether one is open, or the address asks for one. */
  concerns({ dataset, learn, queue = false }: Address): boolean {
    const { datasets, learn: open, launch } = this.store.state;
    return queue || [dataset, datasets, learn, open, launch.queue].some((one) => one !== null);
  }

  /** Those that the address asks for, and no others. */
  show({ dataset, learn, queue = false }: Address): void {
    this.parts.launch.showQueue(queue);
    this.parts.learning.show(learn);
    void this.parts.datasets.show(dataset);
  }

  openDatasets(digest: string | null): void {
    this.leave("datasets");
    void this.parts.datasets.show({ ...ALL, digest });
  }

  /** Back to the stage, or to the page that is being opened. */
  leave(to: Page | null = null): void {
    const { launch, datasets, learning } = this.parts;
    if (to !== null && this.store.state.region.drawing) this.giveUpRegion();
    if (to !== "launch") launch.showQueue(false);
    if (to !== "datasets") void datasets.show(null);
    if (to !== "learning") learning.show(null);
  }

  /** Whoever comes in next comes back to this place. */
  remember(): void {
    const { state } = this.store;
    // A second refusal finds nothing on show any more.
    if (isIn(state)) this.wanted = addressOf(state);
  }
}
