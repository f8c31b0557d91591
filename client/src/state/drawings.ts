/** The annotations of the open slide: which there are, and the shapes of those on show. */
import type { Api } from "../api/client";
import { shapesOf } from "../model/shapes";
import type { Calls } from "./calls";
import type { Action } from "./reducer";
import type { AppState } from "./state";
import type { Store } from "./store";

export class Drawings {
  /** What is on its way, by annotation. */
  private readonly underWay = new Map<string, AbortController>();

  constructor(
    private readonly api: Api,
    private readonly store: Store<AppState, Action>,
    private readonly calls: Calls,
  ) {
    let of = store.state.slide?.id;
    store.subscribe(({ slide }) => {
      if (slide?.id === of) return;
      of = slide?.id;
      // Nobody looks at it any more, and it may be large.
      for (const call of this.underWay.values()) call.abort();
    });
  }

  async refresh(): Promise<void> {
    const slide = this.store.state.slide?.id;
    if (!slide) return;
    const annotations = await this.calls.load(() => this.api.annotations(slide));
    this.store.dispatch({ type: "annotations", slide, annotations });
  }

  /** Shows it, hides it, or calls off what is on its way. */
  async toggle(id: string): Promise<void> {
    const { slide } = this.store.state;
    if (!slide) return;
    if (id in slide.drawn || slide.awaited.includes(id)) {
      this.underWay.get(id)?.abort();
      this.store.dispatch({ type: "annotationHidden", id });
      return;
    }
    const call = new AbortController();
    this.underWay.get(id)?.abort();
    this.underWay.set(id, call);
    this.store.dispatch({ type: "annotationAwaited", id });
    await this.calls.attempt(async () => {
      const shapes = shapesOf(await this.api.annotation(id, call.signal));
      if (!this.isAwaited(slide.id, id)) return;
      this.store.dispatch({ type: "annotationDrawn", slide: slide.id, id, shapes });
    });
    if (this.underWay.get(id) !== call) return;
    this.underWay.delete(id);
    if (this.isAwaited(slide.id, id)) this.store.dispatch({ type: "annotationHidden", id });
  }

  private isAwaited(of: string, id: string): boolean {
    const { slide } = this.store.state;
    return slide?.id === of && slide.awaited.includes(id);
  }
}
