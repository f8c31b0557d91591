/**
 * The books of the overlay's tiles: what is here, what is on its way, what is out of date.
 *
 * While a run goes on, a tile may become outdated at any time, even while it is being fetched: then
 * what arrives is shown, because it is better than nothing, and asked for again. An outdated tile
 * stays drawable until its successor is here, so that nothing flickers.
 */
import { type Box, overlaps } from "./box";
import { cellBox, type Pyramid, type TileAddress, tileKey } from "./pyramid";

/** One class's tile. */
export interface LayerTile extends TileAddress {
  readonly layer: string;
}

/** A fetch under way. */
export interface Ticket {
  readonly tile: LayerTile;
  outdated: boolean;
}

interface Entry<T> {
  readonly tile: LayerTile;
  readonly content: T;
  readonly bytes: number;
  outdated: boolean;
}

interface Refusal {
  readonly attempts: number;
  readonly retryAt: number;
}

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;

export function layerKey(tile: LayerTile): string {
  return `${tile.layer}/${tileKey(tile)}`;
}

export class TileBook<T> {
  /** In the order of last use: the first entry is the first to go. */
  private readonly entries = new Map<string, Entry<T>>();
  private readonly tickets = new Map<string, Ticket>();
  private readonly refusals = new Map<string, Refusal>();
  private bytes = 0;

  /**
   * @param budget Bytes to keep; beyond it the tiles unused for longest go.
   * @param onDrop Told of every content that is let go, so that copies of it can go too.
   */
  constructor(
    private readonly pyramid: Pyramid,
    private readonly budget: number,
    private readonly onDrop: (content: T) => void = () => undefined,
  ) {}

  /** The tile's content, outdated or not. Counts as a use. */
  read(tile: LayerTile): T | undefined {
    const key = layerKey(tile);
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.content;
  }

  has(tile: LayerTile): boolean {
    return this.entries.has(layerKey(tile));
  }

  /** Missing or outdated, not on its way, and not refused a moment ago. */
  isDue(tile: LayerTile, now: number): boolean {
    const key = layerKey(tile);
    if (this.tickets.has(key)) return false;
    if ((this.refusals.get(key)?.retryAt ?? 0) > now) return false;
    return this.entries.get(key)?.outdated ?? true;
  }

  /** When the earliest refused tile may be asked for again; null when none was refused. */
  get nextRetry(): number | null {
    const times = [...this.refusals.values()].map(({ retryAt }) => retryAt);
    return times.length > 0 ? Math.min(...times) : null;
  }

  begin(tile: LayerTile): Ticket {
    const ticket = { tile, outdated: false };
    this.tickets.set(layerKey(tile), ticket);
    return ticket;
  }

  complete(ticket: Ticket, content: T, bytes: number): void {
    const key = layerKey(ticket.tile);
    this.tickets.delete(key);
    this.refusals.delete(key);
    this.remove(key);
    this.entries.set(key, { tile: ticket.tile, content, bytes, outdated: ticket.outdated });
    this.bytes += bytes;
    this.evict();
  }

  /** The fetch was given up by us: the tile is due again at once. */
  abandon(ticket: Ticket): void {
    this.tickets.delete(layerKey(ticket.tile));
  }

  /** The fetch failed: the tile is due again after a wait that doubles each time. */
  refuse(ticket: Ticket, now: number): void {
    this.abandon(ticket);
    const key = layerKey(ticket.tile);
    const attempts = (this.refusals.get(key)?.attempts ?? 0) + 1;
    const wait = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempts - 1));
    this.refusals.set(key, { attempts, retryAt: now + wait });
  }

  /** Everything that shows a part of these boxes, at every level, is out of date. */
  invalidate(boxes: readonly Box[]): void {
    for (const held of [...this.entries.values(), ...this.tickets.values()]) {
      const cell = cellBox(this.pyramid, held.tile);
      if (boxes.some((box) => overlaps(box, cell))) held.outdated = true;
    }
  }

  invalidateAll(): void {
    for (const held of [...this.entries.values(), ...this.tickets.values()]) held.outdated = true;
    this.forgive();
  }

  /** Refused tiles may be asked for at once: the service is back. */
  forgive(): void {
    this.refusals.clear();
  }

  clear(): void {
    for (const key of [...this.entries.keys()]) this.remove(key);
  }

  private evict(): void {
    for (const key of this.entries.keys()) {
      if (this.bytes <= this.budget) return;
      this.remove(key);
    }
  }

  private remove(key: string): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    this.bytes -= entry.bytes;
    this.onDrop(entry.content);
  }
}
