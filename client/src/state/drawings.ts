/** The annotations of the open slide: which there are, and the shapes of those on show. */
import type { Api } from "../api/client";
import { shapesOf } from "../model/shapes";
import type { Calls } from "./calls";
import type { Action } from "./reducer";
import type { AppState } from "./state";
import type { Store } from "./store";

export class Drawings {
  constructor(
    private readonly api: Api,
    private readonly store: Store<AppState, Action>,
    private readonly calls: Calls,
  ) {}

  async refresh(): Promise<void> {
    const slide = this.store.state.slide?.id;
    if (!slide) return;
    const annotations = await this.calls.load(() => this.api.annotations(slide));
    this.store.dispatch({ type: "annotations", slide, annotations });
  }

  async toggle(id: string): Promise<void> {
    const { slide } = this.store.state;
    if (!slide) return;
    if (id in slide.drawn) {
      this.store.dispatch({ type: "annotationHidden", id });
      return;
    }
    await this.calls.attempt(async () => {
      const shapes = shapesOf(await this.api.annotation(id));
      this.store.dispatch({ type: "annotationDrawn", slide: slide.id, id, shapes });
    });
  }
}
