/** Fetches the tiles that are wanted, in that order, a few at a time. */
import { type LayerTile, layerKey, type Ticket, type TileBook } from "../../model/tileBook";
import { type GreyTile, tileBytes } from "./greyTile";

export type FetchTile = (tile: LayerTile, signal: AbortSignal) => Promise<GreyTile>;

export interface LoaderEvents {
  readonly onLoaded: () => void;
  readonly onFailed: (error: unknown) => void;
}

/** The browser has six connections to one HTTP/1.1 service: some must be left for the slide. */
const AT_ONCE = 4;

export class TileLoader {
  private readonly underWay = new Map<string, AbortController>();
  private queue: readonly LayerTile[] = [];
  private requested = 0;

  constructor(
    private readonly book: TileBook<GreyTile>,
    private readonly fetchTile: FetchTile,
    private readonly events: LoaderEvents,
  ) {}

  /** Requests made so far. */
  get requests(): number {
    return this.requested;
  }

  /** What is wanted now, the most urgent first. What no longer is gets aborted. */
  want(tiles: readonly LayerTile[]): void {
    const wanted = new Set(tiles.map(layerKey));
    for (const [key, controller] of this.underWay) {
      if (!wanted.has(key)) controller.abort();
    }
    this.queue = tiles;
    this.pump();
  }

  stop(): void {
    this.want([]);
  }

  private pump(): void {
    const now = performance.now();
    for (const tile of this.queue) {
      if (this.underWay.size >= AT_ONCE) return;
      if (this.book.isDue(tile, now)) void this.load(tile);
    }
  }

  private async load(tile: LayerTile): Promise<void> {
    const key = layerKey(tile);
    const controller = new AbortController();
    const ticket = this.book.begin(tile);
    this.underWay.set(key, controller);
    this.requested++;
    try {
      const content = await this.fetchTile(tile, controller.signal);
      this.book.complete(ticket, content, tileBytes(content));
      this.events.onLoaded();
    } catch (error) {
      this.giveUp(ticket, controller.signal, error);
    } finally {
      this.underWay.delete(key);
      this.pump();
    }
  }

  private giveUp(ticket: Ticket, signal: AbortSignal, error: unknown): void {
    if (signal.aborted) {
      this.book.abandon(ticket);
    } else {
      this.book.refuse(ticket, performance.now());
      this.events.onFailed(error);
    }
  }
}
