import { describe, expect, it } from "vitest";
import { classLut, heatLut, parseColour, thresholdByte, viridis } from "../src/model/colour";

const alphas = (lut: Uint8ClampedArray): number[] =>
  Array.from({ length: 256 }, (_, byte) => lut[byte * 4 + 3] ?? Number.NaN);

describe("colour", () => {
  it("reads hex colours and shows grey for anything else", () => {
    expect(parseColour("#e4572E")).toEqual([228, 87, 46]);
    expect(parseColour("red")).toEqual([128, 128, 128]);
  });

  it("counts a probability equal to the threshold as inside, at every slider position", () => {
    for (let step = 1; step <= 99; step++) {
      const threshold = step / 100;
      const first = thresholdByte(threshold);
      expect(first / 255).toBeGreaterThanOrEqual(threshold - 1e-9);
      expect((first - 1) / 255).toBeLessThan(threshold);
    }
  });

  it("shows a class from the threshold on and nothing below it", () => {
    const lut = classLut([10, 20, 30], 0.5);
    expect(alphas(lut).findIndex((alpha) => alpha > 0)).toBe(128);
    expect([...lut.slice(200 * 4, 200 * 4 + 4)]).toEqual([10, 20, 30, 255]);
  });

  it("only hints at heat below the threshold, and leaves zero clear", () => {
    const alpha = alphas(heatLut(0.5));
    expect(alpha[0]).toBe(0);
    expect(alpha[127]).toBeLessThan(80);
    expect(alpha[128]).toBe(255);
    expect(alpha.every((value, byte) => byte === 0 || value >= (alpha[byte - 1] ?? 0))).toBe(true);
  });

  it("maps the ends of viridis as matplotlib does", () => {
    expect(viridis(0)).toEqual([0x44, 0x01, 0x54]);
    expect(viridis(0.5)).toEqual([0x21, 0x91, 0x8c]);
    expect(viridis(1)).toEqual([0xfd, 0xe7, 0x25]);
  });
});
