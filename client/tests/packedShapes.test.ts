import { describe, expect, it } from "vitest";
import { pack } from "../src/model/packedShapes";
import type { Shape } from "../src/model/shapes";

function square(x: number, y: number, side: number, color: string, hole = false): Shape {
  const ring = (inset: number) => [
    { x: x + inset, y: y + inset },
    { x: x + side - inset, y: y + inset },
    { x: x + side - inset, y: y + side - inset },
    { x: x + inset, y: y + side - inset },
  ];
  return { rings: hole ? [ring(0), ring(1)] : [ring(0)], closed: true, color };
}

/** The shapes that were packed, in the order of their places. */
function unpacked(packed: ReturnType<typeof pack>): Shape[] {
  return Array.from(packed.closed, (closed, number) => {
    const rings = [];
    for (let ring = packed.shapes[number] ?? 0; ring < (packed.shapes[number + 1] ?? 0); ring++) {
      const points = [];
      for (let at = packed.rings[ring] ?? 0; at < (packed.rings[ring + 1] ?? 0); at++) {
        const [x = 0, y = 0] = packed.points.slice(2 * at, 2 * at + 2);
        points.push({ x: x + packed.origin.x, y: y + packed.origin.y });
      }
      rings.push(points);
    }
    return {
      rings,
      closed: closed === 1,
      color: packed.palette[packed.colours[number] ?? 0] ?? "",
    };
  });
}

const key = ({ rings }: Shape) => JSON.stringify(rings[0]?.[0]);
const sorted = (shapes: readonly Shape[]) =>
  [...shapes].sort((a, b) => key(a).localeCompare(key(b)));

describe("packed shapes", () => {
  const many = Array.from({ length: 3000 }, (_, at) =>
    square((at % 60) * 100, Math.floor(at / 60) * 80, 40, at % 3 ? "#f00" : "#0f0", at % 7 === 0),
  );

  it("are the shapes", () => {
    const open: Shape = {
      rings: [
        [
          { x: 1, y: 2 },
          { x: 9, y: 2 },
        ],
      ],
      closed: false,
      color: "red",
    };
    expect(sorted(unpacked(pack([...many, open])))).toEqual(sorted([...many, open]));
  });

  it("lie within the boxes of their blocks, each in one", () => {
    const packed = pack(many);
    const shapes = unpacked(packed);
    expect(packed.blocks.length).toBeGreaterThan(4);
    let next = 0;
    for (const { box, first, end } of packed.blocks) {
      expect(first).toBe(next);
      next = end;
      for (const { rings } of shapes.slice(first, end)) {
        for (const { x, y } of rings.flat()) {
          expect(x >= box[0] && x <= box[0] + box[2]).toBe(true);
          expect(y >= box[1] && y <= box[1] + box[3]).toBe(true);
        }
      }
    }
    expect(next).toBe(many.length);
  });

  it("may be none, or all in one place", () => {
    expect(pack([]).blocks).toEqual([]);
    const dot: Shape = { rings: [[{ x: 5, y: 5 }]], closed: true, color: "red" };
    expect(unpacked(pack([dot, dot]))).toEqual([dot, dot]);
  });
});
