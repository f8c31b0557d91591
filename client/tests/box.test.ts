import { describe, expect, it } from "vitest";
import { contains, intersection, rounded, scaled, spanned } from "../src/model/box";

describe("boxes", () => {
  it("overlap only where they share pixels, not where they touch", () => {
    expect(intersection([0, 0, 10, 10], [5, 6, 10, 10])).toEqual([5, 6, 5, 4]);
    expect(intersection([0, 0, 10, 10], [10, 0, 10, 10])).toBeNull();
  });

  it("grow about their centre", () => {
    expect(scaled([10, 10, 20, 40], 1.5)).toEqual([5, 0, 30, 60]);
  });

  it("round outwards, so that nothing of them is lost", () => {
    const box = [1.2, 1.8, 3.1, 3.1] as const;
    expect(rounded(box)).toEqual([1, 1, 4, 4]);
    expect(contains(rounded(box), box)).toBe(true);
  });

  it("are the same whichever corner was drawn first", () => {
    expect(spanned({ x: 9, y: 2 }, { x: 4, y: 7 })).toEqual([4, 2, 5, 5]);
  });
});
