import { expect, it, vi } from "vitest";
import type { Api } from "../src/api/client";
import type { ReviewApi, ReviewRegion } from "../src/api/review";
import type { AnnotationDocument } from "../src/api/types";
import { Calls } from "../src/state/calls";
import { type Action, reduce } from "../src/state/reducer";
import { ReviewStage } from "../src/state/reviewStage";
import { type AppState, INITIAL_STATE, REVIEWED } from "../src/state/state";
import { Store } from "../src/state/store";
import { slide } from "./records";

function region(number: number): ReviewRegion {
  const region: Partial<ReviewRegion> = {
    number,
    slide: { id: "s", name: "s.svs" },
    box: [number, 0, 9, 9],
  };
  return region as ReviewRegion;
}

function answer(points: number): AnnotationDocument {
  const elements = Array.from({ length: points }, () => ({ type: "point", center: [1, 2, 0] }));
  return { name: "", elements } as AnnotationDocument;
}

/** A slide on the stage, and a service that answers when it is told to. */
function setUp() {
  const asked: ((document: AnnotationDocument) => void)[] = [];
  const reviewAnswer = () => new Promise<AnnotationDocument>((resolve) => asked.push(resolve));
  const store = new Store<AppState, Action>(reduce, INITIAL_STATE);
  const view = { camera: null, runId: null, overlay: {}, comparison: null };
  store.dispatch({ type: "slideOpened", id: "s", view });
  store.dispatch({
    type: "slideDetail",
    id: "s",
    detail: { status: "ready", value: slide({ id: "s" }) },
  });
  const place = { page: "review", of: "q" } as const;
  store.dispatch({ type: "learnPlace", place });
  const calls = new Calls(store, { onUnreachable: vi.fn(), onSignedOut: vi.fn() });
  const events = { onGo: vi.fn(), onCorrect: vi.fn(), onHandsOff: vi.fn() };
  const api = {} as Api;
  const stage = new ReviewStage(
    api,
    { reviewAnswer } as unknown as ReviewApi,
    store,
    calls,
    events,
  );
  const lookAt = (number: number): Promise<void> => {
    const review = { ...store.state.learn?.review, at: number } as never;
    store.dispatch({ type: "learned", place, change: { review } });
    return stage.lookAt(region(number), "q");
  };
  const shown = () => store.state.slide?.drawn[REVIEWED]?.length;
  return { asked, events, lookAt, shown, stage };
}

it("shows what lies in the region that was looked at last, whichever answer comes first", async () => {
  const { asked, events, lookAt, shown } = setUp();
  const looks = [lookAt(1), lookAt(2)];
  asked[1]?.(answer(2));
  asked[0]?.(answer(1));
  await Promise.all(looks);
  expect(shown()).toBe(2);
  expect(events.onGo.mock.calls).toEqual([
    ["s", [1, 0, 9, 9]],
    ["s", [2, 0, 9, 9]],
  ]);
  expect(events.onHandsOff).toHaveBeenCalledTimes(2);
});

it("shows nothing a second time that is drawn in", async () => {
  const { asked, events, lookAt, shown, stage } = setUp();
  const look = lookAt(1);
  stage.correct("s", "a");
  asked[0]?.(answer(1));
  await look;
  expect(events.onCorrect.mock.calls).toEqual([["a"]]);
  expect(shown()).toBeUndefined();
});

it("has nothing drawn in on a slide that is not on the stage", () => {
  const { events, stage } = setUp();
  stage.correct("t", "a");
  expect(events.onCorrect).not.toHaveBeenCalled();
});
