/**
 * What was begun and not finished when it was laid down: it waits there for whoever began it, and
 * in this browser for the next page, should this one be closed or fall.
 */
import type { Ring } from "../model/region";
import type { BegunPolygon, Drafts } from "./drafts";
import { newId } from "./element";
import type { ToolName } from "./state";
import { PolygonTool } from "./tools/areas";
import type { Bench, Tool } from "./tools/tool";

interface Begun {
  readonly name: ToolName;
  readonly tool: Tool;
}

export class Waiting {
  /** By account and slide, as all of these. */
  private readonly begun = new Map<string, Begun>();
  /** What the drafts of polygons are called, in hand or not. */
  private readonly clients = new Map<string, string>();
  /** The corners that the browser does not have, or not yet. */
  private readonly unkept = new Map<string, Ring>();
  /** Drafts are written and removed one after the other. */
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly drafts: Drafts<BegunPolygon>) {}

  /** Nothing of what is begun would be missed if the page were closed. */
  get isSafe(): boolean {
    return this.unkept.size === 0;
  }

  /** Writes the corners of a polygon into this browser, or takes it from there if there are none. */
  keep(account: string, slide: string, corners: Ring, subtracts: boolean): void {
    const key = keyOf(account, slide);
    const client = this.clients.get(key) ?? newId();
    if (corners.length === 0) {
      this.clients.delete(key);
      this.unkept.delete(key);
      this.write(() => this.drafts.remove(client));
      return;
    }
    this.clients.set(key, client);
    this.unkept.set(key, corners);
    this.write(async () => {
      await this.drafts.put({ client, account, slide, corners, subtracts });
      if (this.unkept.get(key) === corners) this.unkept.delete(key);
    });
  }

  /** Looks for what an earlier page has left on a slide: one at a time. */
  async look(account: string, slide: string, bench: Bench): Promise<void> {
    const key = keyOf(account, slide);
    const isFree = (): boolean => !this.begun.has(key) && !this.clients.has(key);
    if (!isFree()) return;
    for (const { client, corners, subtracts } of await this.drafts.takeUp(account, slide)) {
      if (isFree()) {
        this.clients.set(key, client);
        this.begun.set(key, { name: "polygon", tool: new PolygonTool(bench, corners, subtracts) });
      } else this.drafts.disown(client);
    }
  }

  /** Lays a tool down on a slide: a stroke ends here, and what is not done by that waits. */
  leave(account: string, slide: string, name: ToolName, tool: Tool): void {
    // The pointer that was down is up by the time that one comes back.
    tool.release();
    if (tool.draft !== null) this.begun.set(keyOf(account, slide), { name, tool });
  }

  /** Which tool something was begun with. */
  nameAt(account: string, slide: string): ToolName | null {
    return this.begun.get(keyOf(account, slide))?.name ?? null;
  }

  /** The tool as it was laid down; null where nothing was begun with one of this name. */
  take(account: string, slide: string, name: ToolName): Tool | null {
    const key = keyOf(account, slide);
    const found = this.begun.get(key);
    if (found?.name !== name) return null;
    this.begun.delete(key);
    return found.tool;
  }

  /** A browser that is full or forbids it cannot be helped: then one is asked before one goes. */
  private write(call: () => Promise<void>): void {
    this.writing = this.writing.then(call).catch(() => {});
  }
}

function keyOf(account: string, slide: string): string {
  return `${account} ${slide}`;
}
