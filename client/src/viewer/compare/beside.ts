/** A second view of the slide beside the first: who moves one moves both. */
import type { Api } from "../../api/client";
import type { Box, Point } from "../../model/box";
import { cameraOf, type Projection, toBase, toScreen } from "../../model/projection";
import { openDetail } from "../../state/selectors";
import type { AppState } from "../../state/state";
import { DeepZoom } from "../deepZoom";
import { OtherLayers } from "./otherLayers";

const TAKES_THE_LEAD = ["pointerenter", "pointerdown", "wheel", "keydown"];

export class Beside {
  private readonly host = document.createElement("div");
  private readonly deepZoom: DeepZoom;
  private readonly layers: OtherLayers;
  /** Where the pointer would be in the view that it is not in. */
  private readonly ghosts: readonly [HTMLElement, HTMLElement];
  private shown: string | null = null;
  private leads: "main" | "beside" = "main";

  constructor(
    stage: HTMLElement,
    private readonly main: DeepZoom,
    private readonly api: Api,
    onTrouble: (error: unknown) => void,
  ) {
    this.host.className = "beside";
    this.host.dataset.testid = "beside";
    stage.prepend(this.host);
    const events = {
      onFrame: (projection: Projection) => this.drawn(projection),
      onTileFailed: () => onTrouble(null),
    };
    this.deepZoom = new DeepZoom(this.host, events, { navigator: false });
    this.layers = new OtherLayers(this.deepZoom.surface, api, onTrouble);
    this.ghosts = [ghostOn(main.surface), ghostOn(this.deepZoom.surface)];
    this.watch(main, "main");
    this.watch(this.deepZoom, "beside");
  }

  /** The other side; null closes the view. */
  show(other: AppState | null): void {
    this.host.hidden = other === null;
    const detail = other && openDetail(other);
    if (!detail) {
      this.close();
      return;
    }
    if (detail.id !== this.shown) {
      this.shown = detail.id;
      const { projection } = this.main;
      const camera = projection && cameraOf(projection);
      this.deepZoom.open(detail, camera, (tile) => this.api.slideTileUrl(detail, tile));
    }
    this.layers.show(other);
  }

  /** The view on the left was drawn there. */
  follow(projection: Projection): void {
    if (this.shown !== null && this.leads === "main") this.deepZoom.moveTo(cameraOf(projection));
  }

  /** The buttons, the address and the keyboard move the view on the left. */
  giveLead(): void {
    this.leads = "main";
  }

  invalidate(run: string, boxes: readonly Box[] | null): void {
    this.layers.invalidate(run, boxes);
  }

  retry(): void {
    if (this.shown === null) return;
    this.deepZoom.retry();
    this.layers.retry();
  }

  private close(): void {
    if (this.shown === null) return;
    this.shown = null;
    this.leads = "main";
    this.layers.show(null);
    this.deepZoom.close();
    for (const ghost of this.ghosts) ghost.hidden = true;
  }

  private drawn(projection: Projection): void {
    this.layers.draw(projection);
    if (this.leads === "beside") this.main.moveTo(cameraOf(projection));
  }

  private watch({ surface }: DeepZoom, who: "main" | "beside"): void {
    for (const type of TAKES_THE_LEAD) {
      surface.addEventListener(type, () => this.lead(who), { capture: true, passive: true });
    }
    surface.addEventListener("pointermove", (event) => this.point(who, event));
    surface.addEventListener("pointerleave", () => this.point(who, null));
  }

  private lead(who: "main" | "beside"): void {
    if (this.shown !== null) this.leads = who;
  }

  private point(who: "main" | "beside", event: PointerEvent | null): void {
    const [from, to, ghost] =
      who === "main"
        ? [this.main, this.deepZoom, this.ghosts[1]]
        : [this.deepZoom, this.main, this.ghosts[0]];
    const [here, there] = [from.projection, to.projection];
    ghost.hidden = this.shown === null || !event || !here || !there;
    if (!event || !here || !there) return;
    const { left, top } = from.surface.getBoundingClientRect();
    const at: Point = { x: event.clientX - left, y: event.clientY - top };
    const { x, y } = toScreen(there, toBase(here, at));
    ghost.style.transform = `translate(${x}px, ${y}px)`;
  }
}

function ghostOn(surface: HTMLElement): HTMLElement {
  const ghost = document.createElement("div");
  ghost.className = "ghost-cursor";
  ghost.hidden = true;
  surface.append(ghost);
  return ghost;
}
