import { describe, expect, it } from "vitest";
import type { Epoch, LearnApi, ModelRecord, VersionChange } from "../src/api/learn";
import { dicePlot, lossPlot, PLOT } from "../src/model/curves";
import { Calls } from "../src/state/calls";
import { Learning } from "../src/state/learning";
import { type Action, reduce } from "../src/state/reducer";
import { type AppState, INITIAL_STATE } from "../src/state/state";
import { Store } from "../src/state/store";
import { MODEL } from "./records";

const RECORD = { name: "tumor", reference: "tumor@2", active: "tumor@1" } as ModelRecord;

function desk() {
  const store = new Store<AppState, Action>(reduce, INITIAL_STATE);
  const asked: string[] = [];
  const changes: (VersionChange & { readonly of: string })[] = [];
  const api: LearnApi = {
    model: async (reference) => {
      asked.push(reference);
      return { ...RECORD, reference };
    },
    curves: async () => [],
    promote: async (of, change) => void changes.push({ of, ...change }),
    rollback: async (of, change) => void changes.push({ of, ...change }),
    picture: (address) => address,
  };
  const calls = new Calls(store, { onUnreachable: () => {}, onSignedOut: () => {} });
  let models = 0;
  const learning = new Learning(api, store, calls, {
    onDataset: () => {},
    onOpen: () => {},
    onReview: async () => {},
    onAgreement: async () => {},
    onModels: async () => void models++,
  });
  return { store, asked, changes, learning, models: () => models };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe("the page of the models", () => {
  it("begins at the model that is used, as soon as the models are known", async () => {
    const { store, asked, learning } = desk();
    learning.show({ page: "models", of: null });
    expect(asked).toEqual([]);
    store.dispatch({ type: "models", models: { status: "ready", value: [MODEL] } });
    learning.modelsKnown();
    await settled();
    expect(asked).toEqual(["tumor@1"]);
    expect(store.state.learn?.place.of).toBe("tumor@1");
  });

  it("drops the answer about a version that the reader has left", async () => {
    const { store, learning } = desk();
    learning.show({ page: "models", of: "tumor@1" });
    learning.show({ page: "models", of: "tumor@2" });
    await settled();
    const model = store.state.learn?.model;
    expect(model?.status === "ready" && model.value.reference).toBe("tumor@2");
    learning.show(null);
    const place = { page: "models", of: "tumor@2" } as const;
    store.dispatch({ type: "learned", place, change: { wish: null } });
    expect(store.state.learn).toBeNull();
  });

  it("changes the version once, only after the reader has said yes, over what they saw", async () => {
    const { store, changes, learning, models } = desk();
    learning.show({ page: "models", of: "tumor@2" });
    await settled();
    learning.fulfil("nobody was asked");
    expect(changes).toEqual([]);
    learning.wish("promote");
    learning.fulfil("better");
    learning.fulfil("better");
    await settled();
    expect(changes).toEqual([{ of: "tumor@2", over: "tumor@1", why: "better" }]);
    expect(store.state.learn?.wish).toBeNull();
    expect(models()).toBe(1);
    learning.wish("rollback");
    learning.fulfil("");
    await settled();
    expect(changes.at(-1)).toEqual({ of: "tumor", over: "tumor@1", why: "" });
  });
});

describe("curves", () => {
  const epoch = (change: Partial<Epoch>): Epoch => {
    return {
      epoch: 1,
      loss: 1,
      val_loss: null,
      accuracy: 0.5,
      val_accuracy: null,
      dice: {},
      ...change,
    };
  };

  it("run from the first epoch to the last, high values up", () => {
    const plot = lossPlot([epoch({ loss: 2 }), epoch({ epoch: 2, loss: 1 })]);
    expect(plot.high).toBe(2);
    expect(plot.curves).toEqual([
      { name: "training", hue: 0, path: `M0.0 0.0L${PLOT.width}.0 ${PLOT.height / 2}.0`, last: 1 },
    ]);
  });

  it("leave out what is not known, and show accuracy where nobody validates", () => {
    const judged = dicePlot([epoch({ dice: { tumor: 0.5 } }), epoch({ dice: { tumor: null } })]);
    expect(judged.curves.map(({ name, last }) => [name, last])).toEqual([["tumor", 0.5]]);
    expect(dicePlot([epoch({})]).curves.map(({ name }) => name)).toEqual(["accuracy"]);
  });
});
