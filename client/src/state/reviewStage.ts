/** The region of a queue on the stage: looked at from near, and drawn in when it is to be fixed. */
import type { Api } from "../api/client";
import type { ReviewApi, ReviewRegion } from "../api/review";
import type { Box } from "../model/box";
import { shapesOf } from "../model/shapes";
import type { Calls } from "./calls";
import type { Action } from "./reducer";
import { openDetail } from "./selectors";
import { type AppState, REVIEWED } from "./state";
import type { Store } from "./store";

export interface ReviewStageEvents {
  /** To a place of a slide, open or not. */
  readonly onGo: (slide: string, box: Box) => void;
  /** The drawing tools open an annotation of the slide that is on the stage. */
  readonly onCorrect: (annotation: string) => void;
  /** The drawing tools are put away. */
  readonly onHandsOff: () => void;
}

export class ReviewStage {
  /** Only what is in the region that was looked at last is shown. */
  private looks = 0;

  constructor(
    private readonly api: Pick<Api, "annotation">,
    private readonly reviewApi: Pick<ReviewApi, "reviewAnswer">,
    private readonly store: Store<AppState, Action>,
    private readonly calls: Calls,
    private readonly events: ReviewStageEvents,
  ) {}

  /** A region, large, with what it became, or what the model takes it for. */
  async lookAt({ number, slide, box, annotation }: ReviewRegion, queue: string): Promise<void> {
    this.looks += 1;
    const { looks } = this;
    this.events.onHandsOff();
    this.events.onGo(slide.id, box);
    await this.calls.attempt(async () => {
      const shown = await (annotation
        ? this.api.annotation(annotation)
        : this.reviewApi.reviewAnswer(queue, number));
      // The reader may have gone on, to another region or to drawing in this one.
      if (this.looks !== looks || this.store.state.learn?.review?.at !== number) return;
      const shapes = shapesOf(shown);
      this.store.dispatch({ type: "annotationDrawn", slide: slide.id, id: REVIEWED, shapes });
    });
  }

  /** What was reviewed is drawn in from now on, and need not be shown a second time. */
  correct(slide: string, annotation: string): void {
    if (openDetail(this.store.state)?.id !== slide) return;
    this.looks += 1;
    this.store.dispatch({ type: "annotationHidden", id: REVIEWED });
    this.events.onCorrect(annotation);
  }
}
