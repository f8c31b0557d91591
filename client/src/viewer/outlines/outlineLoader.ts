/** Fetches the outlines of what is in view, when the view and the threshold have come to rest. */
import type { PolygonQuery } from "../../api/client";
import { isAbort } from "../../api/http";
import type { PolygonCollection } from "../../api/types";
import { type Box, contains, overlaps } from "../../model/box";
import { debounce } from "../../state/debounce";

export interface OutlineRequest {
  readonly run: string;
  readonly classNames: readonly string[];
  readonly threshold: number;
  /** What is on the screen. */
  readonly view: Box;
  /** What to fetch: the view and a margin. */
  readonly box: Box;
}

export interface Outlines {
  readonly request: OutlineRequest;
  readonly collections: readonly PolygonCollection[];
}

export type FetchPolygons = (
  query: PolygonQuery,
  signal: AbortSignal,
) => Promise<PolygonCollection>;

const PAUSE_MS = 150;
/** While a run goes on, outlines are traced again at most this often. */
const REFRESH_MS = 1200;

export class OutlineLoader {
  private held: Outlines | null = null;
  private pending: OutlineRequest | null = null;
  private controller: AbortController | null = null;
  private outdated = false;
  private readonly loadSoon = debounce(
    (request: OutlineRequest) => void this.load(request),
    PAUSE_MS,
  );
  private refreshTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly fetchPolygons: FetchPolygons,
    private readonly onLoaded: (outlines: Outlines) => void,
    private readonly onFailed: (error: unknown) => void,
  ) {}

  /** What is wanted now; null stops everything. */
  want(request: OutlineRequest | null): void {
    if (!request) {
      this.stop();
      return;
    }
    if (this.pending && serves(this.pending, request)) return;
    if (!this.outdated && this.held && serves(this.held.request, request)) {
      this.stop();
      return;
    }
    this.controller?.abort();
    this.pending = request;
    this.loadSoon(request);
  }

  /** Regions were predicted anew: outlines there are out of date, but better than none. */
  invalidate(boxes: readonly Box[] | null, again: () => void): void {
    const box = (this.pending ?? this.held?.request)?.box;
    if (!box || (boxes && !boxes.some((each) => overlaps(each, box)))) return;
    this.refreshTimer ??= setTimeout(() => {
      this.refreshTimer = undefined;
      this.outdated = true;
      again();
    }, REFRESH_MS);
  }

  forget(): void {
    this.stop();
    this.held = null;
  }

  private stop(): void {
    this.loadSoon.cancel();
    this.controller?.abort();
    this.pending = null;
  }

  private async load(request: OutlineRequest): Promise<void> {
    const controller = new AbortController();
    this.controller = controller;
    this.outdated = false;
    try {
      const { run, box, threshold } = request;
      const collections = await Promise.all(
        request.classNames.map((className) =>
          this.fetchPolygons({ run, className, box, threshold }, controller.signal),
        ),
      );
      this.held = { request, collections };
      this.onLoaded(this.held);
    } catch (error) {
      if (!isAbort(error)) this.onFailed(error);
    } finally {
      if (this.pending === request) this.pending = null;
    }
  }
}

/** Whether what was asked for then answers what is asked for now. */
function serves(had: OutlineRequest, wanted: OutlineRequest): boolean {
  return (
    had.run === wanted.run &&
    had.threshold === wanted.threshold &&
    had.classNames.join("\n") === wanted.classNames.join("\n") &&
    contains(had.box, wanted.view)
  );
}
