/** Looking at what has been learnt, and saying which version of a model is used. */
import type { LearnApi } from "../api/learn";
import type { Calls } from "./calls";
import { isSamePlace, type LearnPlace, type VersionWish } from "./learn";
import type { Action } from "./reducer";
import type { AppState } from "./state";
import type { Store } from "./store";

/** What the reader can ask for on these pages. */
export interface LearnCommands {
  show(place: LearnPlace | null): void;
  refresh(): void;
  /** Asks whether the reader is sure; null takes it back. */
  wish(what: VersionWish["what"] | null): void;
  /** The reader is sure. */
  fulfil(why: string): void;
  openDataset(digest: string): void;
}

export interface LearnEvents {
  /** One of the pages was opened: no other lies above the stage. */
  readonly onOpen: () => void;
  readonly onDataset: (digest: string) => void;
  readonly onReview: (place: LearnPlace) => Promise<void>;
  readonly onAgreement: (place: LearnPlace) => Promise<void>;
  /** Another version is used now. */
  readonly onModels: () => Promise<void>;
}

export class Learning implements LearnCommands {
  constructor(
    private readonly api: LearnApi,
    private readonly store: Store<AppState, Action>,
    private readonly calls: Calls,
    private readonly events: LearnEvents,
  ) {}

  show(place: LearnPlace | null): void {
    const before = this.store.state.learn?.place;
    const chosen = place && this.chosen(place);
    this.store.dispatch({ type: "learnPlace", place: chosen });
    if (!chosen || (before && isSamePlace(before, chosen))) return;
    this.events.onOpen();
    void this.load(chosen);
  }

  refresh(): void {
    const place = this.store.state.learn?.place;
    if (place) void Promise.all([this.events.onModels(), this.load(place)]);
  }

  wish(what: VersionWish["what"] | null): void {
    const { learn } = this.store.state;
    const wish = what && { what, busy: false };
    if (learn) this.store.dispatch({ type: "learned", place: learn.place, change: { wish } });
  }

  fulfil(why: string): void {
    const { learn } = this.store.state;
    if (!learn?.wish || learn.wish.busy || learn.model.status !== "ready") return;
    const { place, wish, model } = learn;
    const { reference, name, active } = model.value;
    const change = { over: active ?? reference, why };
    this.store.dispatch({ type: "learned", place, change: { wish: { ...wish, busy: true } } });
    void this.calls
      .attempt(() =>
        wish.what === "promote"
          ? this.api.promote(reference, change)
          : this.api.rollback(name, change),
      )
      .then(() => {
        this.wish(null);
        this.refresh();
      });
  }

  openDataset(digest: string): void {
    this.events.onDataset(digest);
  }

  /** The models are there: whoever asked for none in particular sees the one that is used. */
  modelsKnown(): void {
    const { learn } = this.store.state;
    if (learn?.place.page === "models" && learn.place.of === null) this.show(learn.place);
  }

  private chosen(place: LearnPlace): LearnPlace {
    const { models, model } = this.store.state;
    if (place.page !== "models" || place.of !== null || models.status !== "ready") return place;
    return { ...place, of: model ?? models.value[0]?.reference ?? null };
  }

  private async load(place: LearnPlace): Promise<void> {
    if (place.page === "review") return this.events.onReview(place);
    if (place.page === "agreement") return this.events.onAgreement(place);
    const { of } = place;
    if (of === null) return;
    const [model, epochs] = await Promise.all([
      this.calls.load(() => this.api.model(of)),
      this.calls.load(() => this.api.curves(of)),
    ]);
    this.store.dispatch({ type: "learned", place, change: { model, epochs } });
  }
}
