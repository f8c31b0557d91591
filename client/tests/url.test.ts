import { describe, expect, it } from "vitest";
import { DEFAULT_OVERLAY } from "../src/state/state";
import { type Address, decodeAddress, encodeAddress } from "../src/state/url";

const ADDRESS: Address = {
  slide: "folder/a b&c=ü.svs",
  camera: { x: 7001.5, y: 4999.1, zoom: 0.036596 },
  run: "20260101-1",
  overlay: {
    visible: false,
    mode: "probability",
    opacity: 0.35,
    threshold: 0.07,
    className: "immune & stroma",
    hidden: ["tumor", "fat, other"],
    outlines: false,
  },
  comparison: { other: { kind: "annotation", id: "a:1&b" }, mode: "swipe", divider: 0.25 },
  dataset: null,
  learn: null,
};

const NOWHERE: Address = {
  slide: null,
  camera: null,
  run: null,
  overlay: {},
  dataset: null,
  learn: null,
  comparison: null,
};

describe("the address", () => {
  it("brings back exactly the view it was made of", () => {
    expect(decodeAddress(encodeAddress(ADDRESS))).toEqual(ADDRESS);
  });

  it("brings back a view without a run or a place", () => {
    const bare: Address = {
      slide: "s",
      camera: null,
      run: null,
      overlay: {},
      dataset: null,
      learn: null,
      comparison: null,
    };
    expect(decodeAddress(encodeAddress(bare))).toEqual(bare);
  });

  it("brings back the default settings as they are", () => {
    const { overlay } = decodeAddress(
      encodeAddress({ ...NOWHERE, slide: "s", overlay: DEFAULT_OVERLAY }),
    );
    expect({ ...DEFAULT_OVERLAY, ...overlay }).toEqual(DEFAULT_OVERLAY);
  });

  it("is empty while no slide is open", () => {
    expect(encodeAddress({ ...ADDRESS, slide: null })).toBe("");
  });

  it("holds which page about learning is open, at what, and the slide below", () => {
    for (const of of ["tumor@2", null]) {
      const address = { ...ADDRESS, learn: { page: "models", of } as const };
      expect(decodeAddress(encodeAddress(address))).toEqual(address);
    }
    const review = { ...ADDRESS, learn: { page: "review", of: "q1" } as const };
    expect(encodeAddress(review)).toBe("#review=q1");
    expect(decodeAddress("#models").learn).toEqual({ page: "models", of: null });
    expect(decodeAddress("#other=1").learn).toBeNull();
  });

  it("holds what of the data sets is looked at, with the slide below or without one", () => {
    const dataset = { digest: "d1", split: "test", region: "a b&c=ü" } as const;
    for (const address of [
      { ...ADDRESS, dataset },
      { ...NOWHERE, dataset },
      { ...NOWHERE, dataset: { digest: null, split: null, region: null } },
    ]) {
      expect(decodeAddress(encodeAddress(address))).toEqual(address);
    }
    expect(encodeAddress({ ...NOWHERE, dataset })).toMatch("#dataset=d1&split=test&region=a");
    expect(decodeAddress("#dataset=d1&split=all").dataset?.split).toBeNull();
  });

  it.each(["", "#", "#nonsense", "#x=1&y=2", "#slide=&zoom=0"])(
    "makes no sense of %j and does not fail",
    (hash) => {
      expect(decodeAddress(hash)).toEqual(NOWHERE);
    },
  );

  it("leaves out what cannot be, and clamps what goes too far", () => {
    const { camera, overlay } = decodeAddress(
      "#slide=s&x=1&y=NaN&zoom=-2&mode=rainbow&opacity=7&threshold=0",
    );
    expect(camera).toBeNull();
    expect(overlay).toEqual({ opacity: 1, threshold: 0.01 });
  });
});
