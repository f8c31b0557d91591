/** What was begun and not finished when it was laid down: it waits there for whoever began it. */
import type { ToolName } from "./state";
import type { Tool } from "./tools/tool";

interface Begun {
  readonly name: ToolName;
  readonly tool: Tool;
}

export class Waiting {
  private readonly begun = new Map<string, Begun>();

  get isEmpty(): boolean {
    return this.begun.size === 0;
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
}

function keyOf(account: string, slide: string): string {
  return `${account} ${slide}`;
}
