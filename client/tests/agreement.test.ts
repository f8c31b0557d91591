import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Agreement, AgreementApi, AgreementPair, AgreementRegion } from "../src/api/agreement";
import { ProblemError, UnreachableError } from "../src/api/http";
import type { Errand } from "../src/api/review";
import { meaning, pairFigure } from "../src/model/agreement";
import { Agreeing } from "../src/state/agreeing";
import { Calls } from "../src/state/calls";
import type { LearnPlace } from "../src/state/learn";
import { type Action, reduce } from "../src/state/reducer";
import { type AppState, INITIAL_STATE } from "../src/state/state";
import { Store } from "../src/state/store";

const BROKEN = { title: "", status: 500, detail: "broken", hint: null };
const RUNNING: Errand = { state: "running", said: "", failure: "", hint: "" };

function desk(names: string[]) {
  const store = new Store<AppState, Action>(reduce, INITIAL_STATE);
  const service = { names, making: null as Errand | null, isThere: true, isWell: true };
  const gone: [string, readonly number[]][] = [];
  const api: AgreementApi = {
    agreements: async () => {
      if (!service.isThere) throw new UnreachableError("gone");
      if (!service.isWell) throw new ProblemError(BROKEN);
      const agreements = service.names.map((name) => {
        return { name, made: "", regions_count: 1, annotators_count: 2 };
      });
      return { agreements, making: service.making, missing: null };
    },
    agreement: async (name) => {
      if (!service.isThere) throw new UnreachableError("gone");
      return { name } as Agreement;
    },
    makeAgreement: async () => {
      service.making = RUNNING;
    },
    cancelAgreement: async () => {},
  };
  const show = (of: string | null): Promise<void> => {
    const place: LearnPlace = { page: "agreement", of };
    store.dispatch({ type: "learnPlace", place });
    return agreeing.load(place);
  };
  const agreeing: Agreeing = new Agreeing(
    api,
    store,
    new Calls(store, { onUnreachable: () => {}, onSignedOut: () => {} }),
    { onReport: (name) => void show(name), onGo: (slide, box) => void gone.push([slide, box]) },
  );
  return { store, service, gone, agreeing, show };
}

const settled = (): Promise<void> => vi.advanceTimersByTimeAsync(5).then(() => {});
const shown = ({ state }: Store<AppState, Action>): string | null => {
  const agreement = state.learn?.agreement?.agreement;
  return agreement?.status === "ready" ? agreement.value.name : null;
};

describe("the page of the agreement", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("begins at the newest report, and stays at the one that was asked for", async () => {
    const { store, show } = desk(["new", "old"]);
    await show(null);
    await settled();
    expect(shown(store)).toBe("new");
    await show("old");
    await settled();
    expect(shown(store)).toBe("old");
  });

  it("looks again while one is made, and shows it when it is done", async () => {
    const { store, service, agreeing, show } = desk(["old"]);
    await show("old");
    agreeing.make();
    await settled();
    expect(shown(store)).toBe("old");
    service.names = ["new", "old"];
    service.making = { ...RUNNING, state: "done" };
    await vi.advanceTimersByTimeAsync(3000);
    expect(shown(store)).toBe("new");
  });

  it("goes on looking after a service that was gone for a while, with what was known on show", async () => {
    const { store, service, agreeing, show } = desk(["old"]);
    await show("old");
    agreeing.make();
    await settled();
    service.isThere = false;
    await vi.advanceTimersByTimeAsync(5000);
    expect(store.state.learn?.agreement?.list.status).toBe("ready");
    expect(shown(store)).toBe("old");
    Object.assign(service, { isThere: true, names: ["new", "old"] });
    service.making = { ...RUNNING, state: "done" };
    await vi.advanceTimersByTimeAsync(3000);
    expect(shown(store)).toBe("new");
  });

  it("says what is wrong with a service that is there, and asks no more", async () => {
    const { store, service, agreeing, show } = desk(["old"]);
    await show("old");
    agreeing.make();
    await settled();
    service.isWell = false;
    await vi.advanceTimersByTimeAsync(5000);
    const { list } = store.state.learn?.agreement ?? {};
    expect(list).toEqual({ status: "failed", problem: BROKEN });
    service.isWell = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.state.learn?.agreement?.list).toBe(list);
  });

  it("waits at the page that is open, whatever comes late of one that was left", async () => {
    const { store, service, agreeing, show } = desk(["new", "old"]);
    await show("old");
    agreeing.make();
    await settled();
    const left: LearnPlace = { page: "agreement", of: "old" };
    await show("new");
    await agreeing.load(left);
    service.names = ["newest", "new", "old"];
    service.making = { ...RUNNING, state: "done" };
    await vi.advanceTimersByTimeAsync(3000);
    expect(shown(store)).toBe("newest");
  });

  it("does not look again after the reader has left", async () => {
    const { store, service, agreeing, show } = desk([]);
    await show(null);
    agreeing.make();
    await settled();
    store.dispatch({ type: "learnPlace", place: null });
    service.names = ["new"];
    service.making = { ...RUNNING, state: "done" };
    await vi.advanceTimersByTimeAsync(5000);
    expect(store.state.learn).toBeNull();
  });

  it("leads to the place on the slide, unless the report does not say which slide", () => {
    const { gone, agreeing } = desk([]);
    const region = { slide: { id: "s1", name: "a.svs" }, box: [1, 2, 3, 4] } as const;
    agreeing.goTo(region as unknown as AgreementRegion);
    agreeing.goTo({ ...region, slide: { id: null, name: "a.svs" } } as unknown as AgreementRegion);
    expect(gone).toEqual([["s1", [1, 2, 3, 4]]]);
  });
});

describe("figures", () => {
  const pairs: AgreementPair[] = [
    { one: "anna", other: "bert", cohen_kappa: 0.5, dice: { tumor: 0.7, stroma: null } },
  ];

  it("of a pair are those of the pair turned round; of one who shares no region there are none", () => {
    expect(pairFigure(pairs, "anna", "bert", null)).toBe(0.5);
    expect(pairFigure(pairs, "bert", "anna", "tumor")).toBe(0.7);
    expect(pairFigure(pairs, "bert", "anna", "stroma")).toBeNull();
    expect(pairFigure(pairs, "bert", "carl", null)).toBeUndefined();
  });

  it("say how far the model is from what people reach, or why that is not known", () => {
    const people = { dice: 0.9, lowest: 0.8, highest: 0.95, people: 3 };
    const model = { reference: "m@2", classes: ["tumor", "fat"], dice: { tumor: 0.85 } };
    expect(meaning("tumor", people, model)).toContain("0.050 below what people reach");
    expect(meaning("tumor", { ...people, dice: 0.85 }, model)).toContain("as good as people agree");
    expect(meaning("fat", people, model)).toContain("not measured");
    expect(meaning("stroma", people, model)).toContain("does not know this class");
    expect(meaning("tumor", people, null)).toContain("no model");
    expect(meaning("tumor", { ...people, people: 1 }, model)).toContain("One person alone");
    expect(meaning("tumor", { ...people, dice: null }, model)).toContain("not known");
  });
});
