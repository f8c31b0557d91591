import { describe, expect, it } from "vitest";
import type { Pyramid } from "../src/model/pyramid";
import { type LayerTile, TileBook } from "../src/model/tileBook";

const PYRAMID: Pyramid = {
  width: 1024,
  height: 1024,
  tileWidth: 256,
  tileHeight: 256,
  maxZoom: 2,
};

const fine = (x: number, y: number): LayerTile => ({ layer: "tumor", z: 2, x, y });
const COARSE: LayerTile = { layer: "tumor", z: 0, x: 0, y: 0 };

function bookWith(...tiles: LayerTile[]): TileBook<string> {
  const book = new TileBook<string>(PYRAMID, 1000);
  for (const tile of tiles) book.complete(book.begin(tile), "content", 1);
  return book;
}

describe("the tile book", () => {
  it("asks for a tile once", () => {
    const book = bookWith();
    expect(book.isDue(COARSE, 0)).toBe(true);
    const ticket = book.begin(COARSE);
    expect(book.isDue(COARSE, 0)).toBe(false);
    book.complete(ticket, "content", 1);
    expect(book.isDue(COARSE, 0)).toBe(false);
    expect(book.read(COARSE)).toBe("content");
  });

  it("keeps the classes apart", () => {
    expect(bookWith(COARSE).has({ ...COARSE, layer: "stroma" })).toBe(false);
  });

  it("outdates what shows a region, at every level, and nothing else", () => {
    const book = bookWith(COARSE, fine(0, 0), fine(1, 0), fine(3, 3));
    book.invalidate([[200, 10, 100, 100]]);
    const due = [COARSE, fine(0, 0), fine(1, 0), fine(3, 3)].map((tile) => book.isDue(tile, 0));
    expect(due).toEqual([true, true, true, false]);
  });

  it("keeps showing an outdated tile until its successor is here", () => {
    const book = bookWith(COARSE);
    book.invalidateAll();
    expect(book.read(COARSE)).toBe("content");
    book.complete(book.begin(COARSE), "newer", 1);
    expect(book.read(COARSE)).toBe("newer");
    expect(book.isDue(COARSE, 0)).toBe(false);
  });

  it("asks again for a tile that was outdated on its way", () => {
    const book = bookWith();
    const ticket = book.begin(fine(0, 0));
    book.invalidate([[0, 0, 10, 10]]);
    book.complete(ticket, "already old", 1);
    expect(book.read(fine(0, 0))).toBe("already old");
    expect(book.isDue(fine(0, 0), 0)).toBe(true);
  });

  it("waits longer after every failure, and not at all once forgiven", () => {
    const book = bookWith();
    book.refuse(book.begin(COARSE), 0);
    expect([book.isDue(COARSE, 999), book.isDue(COARSE, 1001)]).toEqual([false, true]);
    book.refuse(book.begin(COARSE), 1001);
    expect([book.isDue(COARSE, 3000), book.isDue(COARSE, 3002)]).toEqual([false, true]);
    book.forgive();
    expect(book.isDue(COARSE, 1002)).toBe(true);
    expect(book.nextRetry).toBeNull();
  });

  it("asks again at once for what was merely given up", () => {
    const book = bookWith();
    book.abandon(book.begin(COARSE));
    expect(book.isDue(COARSE, 0)).toBe(true);
  });

  it("stays within its budget and lets go of what was unused for longest", () => {
    const dropped: string[] = [];
    const book = new TileBook<string>(PYRAMID, 2, (content) => dropped.push(content));
    book.complete(book.begin(fine(0, 0)), "first", 1);
    book.complete(book.begin(fine(1, 0)), "second", 1);
    book.read(fine(0, 0));
    book.complete(book.begin(fine(2, 0)), "third", 1);
    expect(dropped).toEqual(["second"]);
    expect(book.has(fine(0, 0))).toBe(true);
  });
});
