/** Finding a slide: all of a folder of the machine, or by collection, folder and name. */
import type { Api } from "../api/client";
import type { Folder } from "../api/types";
import type { Calls } from "./calls";
import { debounce } from "./debounce";
import type { Action } from "./reducer";
import { inArchive } from "./selectors";
import type { AppState, Loadable } from "./state";
import type { Store } from "./store";

const SEARCH_PAUSE_MS = 350;
const SHORTEST_SEARCH = 2;

export class Shelves {
  /** Answers may come in another order than they were asked for. */
  private asked = 0;
  private readonly searchSoon = debounce(() => void this.load(), SEARCH_PAUSE_MS);

  constructor(
    private readonly api: Api,
    private readonly store: Store<AppState, Action>,
    private readonly calls: Calls,
  ) {}

  /** Goes to the end of a way; the archive's root is where there is none. */
  open(way: readonly Folder[]): Promise<void> {
    this.searchSoon.cancel();
    this.store.dispatch({ type: "shelf", way, search: "" });
    return this.load();
  }

  search(text: string): void {
    this.store.dispatch({ type: "shelf", way: this.store.state.shelf.way, search: text });
    this.searchSoon();
  }

  async load(): Promise<void> {
    const number = ++this.asked;
    const folders = await this.folders();
    if (number !== this.asked) return;
    const slides = await this.calls.load(() => this.slides());
    if (number !== this.asked) return;
    // A list that we have is better than the reason why there is no newer one.
    if (slides.status === "failed" && this.store.state.slides.status === "ready") return;
    this.store.dispatch({ type: "slides", slides, folders });
  }

  private async folders(): Promise<Loadable<readonly Folder[]>> {
    if (!inArchive(this.store.state) || this.searched) return { status: "ready", value: [] };
    return this.calls.load(() => this.api.folders(this.store.state.shelf.way.at(-1) ?? null));
  }

  private slides(): ReturnType<Api["slides"]> {
    if (!inArchive(this.store.state)) return this.api.slides({});
    if (this.searched) return this.api.slides({ search: this.searched });
    const last = this.store.state.shelf.way.at(-1);
    return last?.kind === "folder" ? this.api.slides({ folder: last.id }) : Promise.resolve([]);
  }

  private get searched(): string {
    const text = this.store.state.shelf.search.trim();
    return text.length >= SHORTEST_SEARCH ? text : "";
  }
}
