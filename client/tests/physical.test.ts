import { describe, expect, it } from "vitest";
import type { Mpp } from "../src/api/types";
import { area, contains } from "../src/model/box";
import {
  formatArea,
  formatAreas,
  formatEta,
  formatMillimetres,
  formatMpp,
  formatPixels,
} from "../src/model/format";
import { outlineBox } from "../src/model/outlineBox";
import { cameraOf, type Projection, toBase, toScreen, viewBox } from "../src/model/projection";
import { scaleBar } from "../src/model/scaleBar";

const SQUARE: Mpp = { x: 0.25, y: 0.25, source: "metadata" };

describe("the projection", () => {
  const projection: Projection = { scale: 0.5, left: 100, top: 40, width: 800, height: 600 };

  it("leads from base pixels to the screen and back", () => {
    const point = { x: 321.5, y: 77 };
    expect(toBase(projection, toScreen(projection, point))).toEqual(point);
  });

  it("has its camera in the middle of its view", () => {
    expect(viewBox(projection)).toEqual([100, 40, 1600, 1200]);
    expect(cameraOf(projection)).toEqual({ x: 900, y: 640, zoom: 0.5 });
  });
});

describe("the scale bar", () => {
  it("is round, fits, and is true to scale", () => {
    for (const scale of [0.003, 0.04, 0.25, 1, 7.9]) {
      const bar = scaleBar(0.25, scale, 150);
      expect(bar.length).toBeLessThanOrEqual(150 + 1e-6);
      expect(bar.length).toBeGreaterThan(150 / 2.6);
      expect(bar.label).toMatch(/^(0\.)?0*[125]0* (µm|mm)$/);
      const [value = "", unit] = bar.label.split(" ");
      const micrometres = Number(value) * (unit === "mm" ? 1000 : 1);
      expect(bar.length).toBeCloseTo((micrometres / 0.25) * scale, 6);
    }
  });

  it("counts pixels where nobody knows their size", () => {
    expect(scaleBar(null, 0.1, 150)).toEqual({ label: "1,000 px", length: 100 });
  });
});

describe("figures", () => {
  it("say where the pixel size comes from, and both sides when it is not square", () => {
    expect(formatMpp(SQUARE)).toBe("0.25 µm/px · metadata");
    expect(formatMpp({ x: 0.2656, y: 0.2917, source: "user" })).toBe(
      "0.27 × 0.29 µm/px · set by you",
    );
  });

  it("give sizes in pixels and millimetres", () => {
    expect(formatPixels(46000, 320)).toBe("46\u202f000 × 320 px");
    expect(formatMillimetres(46000, 32000, SQUARE)).toBe("11.5 × 8.00 mm");
  });

  it("do not turn a small lesion into nothing", () => {
    expect(formatArea(0.0042)).toBe("4\u202f200 µm²");
    expect(formatArea(3.316)).toBe("3.32 mm²");
    expect(formatAreas(0.00083, 0.0042)).toBe("830–4\u202f200 µm²");
    expect(formatAreas(0.001, 3.316)).toBe("0.00–3.32 mm²");
  });

  it("estimate without false precision", () => {
    expect(formatEta(0.2)).toBe("1 s left");
    expect(formatEta(43)).toBe("about 45 s left");
    expect(formatEta(700)).toBe("about 12 min left");
  });
});

describe("asking for outlines", () => {
  const slide = [0, 0, 100_000, 80_000] as const;

  it("is for close views only", () => {
    expect(outlineBox([0, 0, 8000, 8000], slide, 0.05, SQUARE, 1)).toBeNull();
    expect(outlineBox([40_000, 40_000, 4000, 4000], slide, 0.2, SQUARE, 1)).not.toBeNull();
  });

  it("takes a margin along, and stays on the slide", () => {
    const view = [90, 0, 3000, 2000] as const;
    const box = outlineBox(view, slide, 0.25, SQUARE, 1);
    expect(box && contains(box, view)).toBe(true);
    expect(box && contains(slide, box)).toBe(true);
    expect(box?.[2]).toBeGreaterThan(3000);
  });

  it("never asks for more than the service answers", () => {
    for (let side = 500; side < 20_000; side += 500) {
      const box = outlineBox([30_000, 30_000, side, side], slide, 1, SQUARE, 1);
      if (box) expect(area(box) * 0.25 ** 2).toBeLessThan(16e6);
    }
  });
});
