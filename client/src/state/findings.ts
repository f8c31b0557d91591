/** What is measured of the run on show, and the region that the reader has clicked. */
import type { Areas, DrawnRegion, FindingsApi, RunRegion } from "../api/findings";
import type { Point } from "../model/box";
import { hasEnded } from "../model/jobs";
import { debounce } from "./debounce";
import type { Action } from "./reducer";
import { jobOfRun, selectedRun } from "./selectors";
import { type AppState, REVIEWED } from "./state";
import type { Store } from "./store";

export type Card =
  | { readonly kind: "run"; readonly found: RunRegion }
  | { readonly kind: "drawn"; readonly found: DrawnRegion };

export interface FindingsState {
  /** Of the run and threshold on show; null while they are not known. */
  readonly areas: Areas | null;
  readonly card: Card | null;
}

const PAUSE_MS = 250;

export class Findings {
  private current: FindingsState = { areas: null, card: null };
  private asked = "";
  private slide: string | null = null;
  private clicks = 0;
  private readonly measureSoon = debounce(() => void this.measure(), PAUSE_MS);

  constructor(
    private readonly api: FindingsApi,
    private readonly store: Store<AppState, Action>,
    private readonly onChange: () => void,
    private readonly onTrouble: (error: unknown) => void,
  ) {
    store.subscribe((state) => this.follow(state));
  }

  get state(): FindingsState {
    return this.current;
  }

  close(): void {
    this.clicks++;
    if (this.current.card) this.change({ card: null });
  }

  /** What lies there: of what is drawn the topmost, else what the run says; nothing closes. */
  async click(at: Point): Promise<void> {
    const { slide, overlay } = this.store.state;
    const run = selectedRun(this.store.state);
    if (!slide) return;
    const mine = ++this.clicks;
    let card: Card | null = null;
    try {
      for (const annotation of Object.keys(slide.drawn).reverse()) {
        if (annotation === REVIEWED) continue;
        const found = await this.api.drawnRegion(slide.id, annotation, at);
        if (found.region) card ??= { kind: "drawn", found };
      }
      if (!card && run && overlay.visible) {
        const found = await this.api.runRegion(run.id, at, overlay.threshold);
        if (found.region) card = { kind: "run", found };
      }
    } catch (error) {
      this.onTrouble(error);
    }
    if (mine === this.clicks) this.change({ card });
  }

  private follow(state: AppState): void {
    const slide = state.slide?.id ?? null;
    // Whether or not there is a run: what was drawn lies on one slide and on no other.
    if (slide !== this.slide) this.close();
    this.slide = slide;
    const run = selectedRun(state);
    const job = run && jobOfRun(state, run);
    const isDone = run !== null && (job ? hasEnded(job) : run.report !== null);
    const question = isDone ? `${run.id} ${state.overlay.threshold}` : "";
    if (question === this.asked) return;
    const isOtherRun = question.split(" ")[0] !== this.asked.split(" ")[0];
    this.asked = question;
    if (isOtherRun) {
      this.close();
      this.change({ areas: null });
    }
    if (isDone) this.measureSoon();
  }

  private async measure(): Promise<void> {
    const { asked } = this;
    const run = selectedRun(this.store.state);
    if (!run || asked === "") return;
    try {
      const areas = await this.api.areas(run.id, this.store.state.overlay.threshold);
      if (asked === this.asked) this.change({ areas });
    } catch (error) {
      this.onTrouble(error);
    }
  }

  private change(change: Partial<FindingsState>): void {
    this.current = { ...this.current, ...change };
    this.onChange();
  }
}
