/**
 * What the service does not have yet, in this browser: written at each stroke, before any network.
 *
 * A draft belongs to the page that draws it for as long as that page lives, which a lock of the
 * browser says; what a page has left behind, because it was closed or fell, another may take up.
 */
import { createStore, del, entries, set, type UseStore } from "idb-keyval";
import type { AnnotationDocument } from "../api/types";
import type { Ring } from "../model/region";

interface Kept {
  /** What its page calls it. */
  readonly client: string;
  /** Whose it is: nobody else at this screen is to see it. */
  readonly account: string;
  readonly slide: string;
}

/** A layer. */
export interface Draft extends Kept {
  readonly annotation: string | null;
  readonly version: string | null;
  readonly document: AnnotationDocument;
}

/** A polygon that is not closed yet. */
export interface BegunPolygon extends Kept {
  /** In base pixels. */
  readonly corners: Ring;
  readonly subtracts: boolean;
}

export class Drafts<D extends Kept> {
  private readonly store: UseStore;
  private readonly locks = new Map<string, () => void>();
  /** Of the account on show: what comes for an earlier one is not kept locked. */
  private generation = 0;

  /**
   * @param root Where the viewer lives: two services on one host keep their drafts apart.
   * @param kind Layers have the database that bears the root's name alone.
   */
  constructor(root: string, kind: "layers" | "polygons") {
    const name = kind === "layers" ? root : `${root} ${kind}`;
    this.store = createStore(`histoloop ${name}`, "drafts");
  }

  async put(draft: D): Promise<void> {
    await this.own(draft.client);
    await set(draft.client, draft, this.store);
  }

  async remove(client: string): Promise<void> {
    await del(client, this.store);
    this.disown(client);
  }

  /** Those on a slide that no living page owns; from now on this page does. */
  async takeUp(account: string, slide: string): Promise<readonly D[]> {
    const all = (await entries<string, D>(this.store)).map(([, draft]) => draft);
    const here = all.filter((each) => each.account === account && each.slide === slide);
    const owned = await Promise.all(here.map(({ client }) => this.own(client)));
    return here.filter((_, index) => owned[index]);
  }

  /** Gives all up, to whoever comes next: this page shows another account. */
  disownAll(): void {
    this.generation += 1;
    for (const client of [...this.locks.keys()]) this.disown(client);
  }

  /** False where it is this page's already, or another's. */
  private async own(client: string): Promise<boolean> {
    if (this.locks.has(client)) return false;
    // Plain http from another machine has no locks: then drafts are taken up by whoever comes, and
    // two pages that save the same one are told apart by their versions.
    if (!navigator.locks) {
      this.locks.set(client, () => {});
      return true;
    }
    const { generation } = this;
    return new Promise((resolve, reject) => {
      const held = (lock: Lock | null): Promise<void> | undefined => {
        if (!lock || generation !== this.generation) {
          resolve(false);
          return;
        }
        return new Promise((release) => {
          this.locks.set(client, release);
          resolve(true);
        });
      };
      const name = `histoloop draft ${client}`;
      navigator.locks.request(name, { ifAvailable: true }, held).catch(reject);
    });
  }

  /** Gives a draft up, as it is, to whoever comes next. */
  disown(client: string): void {
    this.locks.get(client)?.();
    this.locks.delete(client);
  }
}
