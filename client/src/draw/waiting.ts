/** What was begun and not finished when its slide was left: it waits there for whoever began it. */
import type { ToolName } from "./state";
import type { Tool } from "./tools/tool";

export interface Begun {
  readonly name: ToolName;
  readonly tool: Tool;
}

export class Waiting {
  private readonly begun = new Map<string, Begun>();

  get isEmpty(): boolean {
    return this.begun.size === 0;
  }

  /** Puts a tool down on a slide, if anything is begun with it. */
  leave(account: string, slide: string, { name, tool }: Begun): void {
    // The pointer that was down is up by the time that one comes back.
    tool.cancel();
    if (tool.draft !== null) this.begun.set(`${account} ${slide}`, { name, tool });
  }

  take(account: string, slide: string): Begun | null {
    const key = `${account} ${slide}`;
    const found = this.begun.get(key) ?? null;
    this.begun.delete(key);
    return found;
  }
}
