// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Commands } from "../src/state/commands";
import { NOTHING_LAUNCHED } from "../src/state/launch";
import { type AppState, INITIAL_STATE } from "../src/state/state";
import { Modal } from "../src/ui/modal";
import { QueueReader } from "../src/ui/queueReader";
import { ReviewKeys } from "../src/ui/reviewKeys";

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no #${id}`);
  return found;
}

function press(key: string): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, cancelable: true, bubbles: true });
  document.body.dispatchEvent(event);
  return event;
}

beforeEach(() => {
  document.body.innerHTML = `<button id="queue-button">Queue</button><button id="slide">A</button>
    <div id="stage"></div><div id="panel"></div><div id="page"></div><div id="over"></div>`;
});

describe("the reader of a page", () => {
  const open: AppState = {
    ...INITIAL_STATE,
    launch: { ...NOTHING_LAUNCHED, queue: { jobs: { status: "loading" }, refused: [] } },
  };

  function setUp() {
    const showQueue = vi.fn();
    const reader = new QueueReader({ launch: { showQueue } } as unknown as Commands);
    element("page").innerHTML = `<h2 id="queue-title" tabindex="-1">Queue</h2>`;
    reader.show(open);
    const leave = () => {
      element("page").innerHTML = "";
      reader.show(INITIAL_STATE);
    };
    return { showQueue, leave };
  }

  it("leaves Esc to whoever has made something of it, and to a dialog above", () => {
    const { showQueue } = setUp();
    document.body.addEventListener("keydown", (event) => event.preventDefault(), { once: true });
    press("Escape");
    element("over").innerHTML = "<dialog open></dialog>";
    press("Escape");
    expect(showQueue).not.toHaveBeenCalled();
    element("over").innerHTML = "";
    press("Escape");
    expect(showQueue).toHaveBeenCalledExactlyOnceWith(false);
  });

  it("takes the focus, and gives it back only where nobody else has it", () => {
    const { leave } = setUp();
    expect(document.activeElement?.id).toBe("queue-title");
    leave();
    expect(document.activeElement?.id).toBe("queue-button");
    const { leave: leaveAgain } = setUp();
    element("slide").focus();
    leaveAgain();
    expect(document.activeElement?.id).toBe("slide");
  });
});

describe("a dialog", () => {
  it("is opened above everything, and gives the focus back when it goes", () => {
    const modal = new Modal(element("over"));
    element("slide").focus();
    element("over").innerHTML = "<dialog><button id=inside>Close</button></dialog>";
    const show = vi.spyOn(HTMLDialogElement.prototype, "showModal");
    modal.show();
    modal.show();
    expect(show).toHaveBeenCalledOnce();
    element("inside").focus();
    element("over").innerHTML = "";
    modal.show();
    expect(document.activeElement?.id).toBe("slide");
  });
});

describe("the keys of a review", () => {
  it("leave letters to a drawing tool that is in hand, and keep the arrows", () => {
    let isDrawing = true;
    const commands = { say: vi.fn(), turn: vi.fn() };
    const keys = new ReviewKeys(commands as never, () => isDrawing);
    keys.show("review");
    expect(press("s").defaultPrevented).toBe(false);
    press("ArrowRight");
    expect(commands.say).not.toHaveBeenCalled();
    expect(commands.turn).toHaveBeenCalledWith(1);
    isDrawing = false;
    press("s");
    expect(commands.say).toHaveBeenCalledWith("skip");
  });
});
