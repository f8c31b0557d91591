/** Comparing annotators: the newest report is shown, and looked for while one is made. */
import type { AgreementApi, AgreementRegion } from "../api/agreement";
import type { Box } from "../model/box";
import { type AgreementState, NO_AGREEMENT } from "./agreement";
import type { Calls } from "./calls";
import { debounce } from "./debounce";
import type { LearnPlace } from "./learn";
import { isMaking, unlessGone } from "./making";
import type { Action } from "./reducer";
import type { AppState } from "./state";
import type { Store } from "./store";

const PAUSE_MS = 1500;

export interface AgreeingEvents {
  /** The report of this name is on show: the address says so. */
  readonly onReport: (name: string) => void;
  readonly onGo: (slide: string, box: Box) => void;
}

/** What the reader can ask for. */
export interface AgreementCommands {
  make(): void;
  cancelMaking(): void;
  /** Dice of a class between pairs, or κ of all. */
  showClass(className: string | null): void;
  /** To the place on the slide. */
  goTo(region: AgreementRegion): void;
}

export class Agreeing implements AgreementCommands {
  private readonly lookAgain = debounce((place: LearnPlace) => {
    if (this.place === place) void this.load(place);
  }, PAUSE_MS);

  constructor(
    private readonly api: AgreementApi,
    private readonly store: Store<AppState, Action>,
    private readonly calls: Calls,
    private readonly events: AgreeingEvents,
  ) {}

  async load(place: LearnPlace): Promise<void> {
    const known = this.store.state.learn?.agreement?.list;
    const list = unlessGone(await this.calls.load(() => this.api.agreements()), known);
    this.change(place, { list });
    if (this.place === place && isMaking(list)) this.lookAgain(place);
    if (list.status !== "ready" || list === known) return;
    const newest = list.value.agreements[0];
    const isNew = isMaking(known) && list.value.making?.state === "done";
    if (newest && newest.name !== place.of && (place.of === null || isNew)) {
      if (this.place === place) this.events.onReport(newest.name);
      return;
    }
    const { of } = place;
    if (of === null) return;
    this.change(place, { agreement: await this.calls.load(() => this.api.agreement(of)) });
  }

  make(): void {
    const { place } = this;
    if (!place) return;
    void this.calls.attempt(() => this.api.makeAgreement()).then(() => this.load(place));
  }

  cancelMaking(): void {
    void this.calls.attempt(() => this.api.cancelAgreement());
  }

  showClass(className: string | null): void {
    const { place } = this;
    if (place) this.change(place, { className });
  }

  goTo({ slide, box }: AgreementRegion): void {
    if (slide.id !== null) this.events.onGo(slide.id, box);
  }

  private get place(): LearnPlace | null {
    const place = this.store.state.learn?.place;
    return place?.page === "agreement" ? place : null;
  }

  private change(place: LearnPlace, change: Partial<AgreementState>): void {
    const agreement = { ...(this.store.state.learn?.agreement ?? NO_AGREEMENT), ...change };
    this.store.dispatch({ type: "learned", place, change: { agreement } });
  }
}
