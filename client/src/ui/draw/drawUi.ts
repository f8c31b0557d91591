/** Renders all that belongs to drawing, at most once per frame. */
import { html, nothing, render, type TemplateResult } from "lit-html";
import type { AnnotationSummary, AnnotationVersion } from "../../api/types";
import type { Desk } from "../../draw/desk";
import type { Loadable } from "../../state/state";
import { Modal } from "../modal";
import { drawBar } from "./drawBar";
import { layersPanel } from "./layersPanel";
import { deletedSheet, manageSheet } from "./manageSheets";
import { helpSheet, versionsSheet } from "./sheets";
import { toolbar } from "./toolbar";

export interface DrawHosts {
  readonly tools: HTMLElement;
  readonly bar: HTMLElement;
  readonly sheet: HTMLElement;
}

interface Versions {
  readonly client: string;
  readonly list: Loadable<readonly AnnotationVersion[]>;
}

/** A whole annotation that is renamed, or deleted once the reader is sure. */
interface Managed {
  readonly one: AnnotationSummary;
  readonly asks: boolean;
}

export class DrawUi {
  private frame = 0;
  private versions: Versions | null = null;
  private managed: Managed | null = null;
  private deleted: Loadable<readonly AnnotationSummary[]> | null = null;
  private readonly modal: Modal;
  /** What the sheets are about. */
  private slide: string | null = null;

  constructor(
    private readonly desk: Desk,
    private readonly hosts: DrawHosts,
  ) {
    this.modal = new Modal(hosts.sheet);
    desk.store.subscribe(() => {
      if (desk.state.slide !== this.slide) this.closeAll(desk.state.slide);
      this.show();
    });
  }

  manage(one: AnnotationSummary): void {
    const layer = this.desk.state.layers.find(({ annotation }) => annotation === one.id);
    // The list may be older than the last stroke.
    const elements_count = layer?.history.present.elements.length ?? one.elements_count;
    this.change({ managed: { one: { ...one, elements_count }, asks: false } });
  }

  async openDeleted(): Promise<void> {
    const { slide } = this.desk.state;
    if (slide === null) return;
    this.change({ deleted: { status: "loading" } });
    const deleted = await this.desk.managing.deleted(slide);
    if (this.deleted && this.slide === slide) this.change({ deleted });
  }

  /** For the panel beside the slide. */
  panel(): TemplateResult | typeof nothing {
    return layersPanel(this.desk, (client) => void this.openVersions(client));
  }

  private show(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.render();
    });
  }

  private render(): void {
    const { desk, hosts } = this;
    const isOpen = desk.state.slide !== null;
    render(isOpen ? toolbar(desk) : nothing, hosts.tools);
    render(isOpen ? drawBar(desk) : nothing, hosts.bar);
    render(this.sheet(), hosts.sheet);
    this.modal.show();
  }

  private sheet(): TemplateResult | typeof nothing {
    const { desk, versions } = this;
    if (desk.state.help) return helpSheet(() => desk.showHelp(false));
    if (this.managed) return this.managedSheet(this.managed);
    if (this.deleted) {
      const bringBack = (one: AnnotationSummary): void => {
        this.change({});
        void desk.managing.bringBack(one);
      };
      return deletedSheet(this.deleted, bringBack, () => this.change({}));
    }
    const layer = versions && desk.state.layers.find(({ client }) => client === versions.client);
    if (!versions || !layer) return nothing;
    return html`${versionsSheet(
      layer.name,
      versions.list,
      (version) => void this.restore(layer.client, version),
      () => this.closeVersions(),
    )}`;
  }

  private managedSheet({ one }: Managed): TemplateResult {
    const { managing } = this.desk;
    return manageSheet(one, this.managed?.asks ?? false, {
      rename: (name) => {
        this.change({});
        void managing.rename(one, name);
      },
      ask: (asks) => this.change({ managed: { one, asks } }),
      remove: () => {
        this.change({});
        void managing.remove(one);
      },
      close: () => this.change({}),
    });
  }

  /** One sheet at a time, or none. */
  private change({
    managed = null,
    deleted = null,
  }: {
    readonly managed?: Managed | null;
    readonly deleted?: Loadable<readonly AnnotationSummary[]> | null;
  }): void {
    this.managed = managed;
    this.deleted = deleted;
    this.show();
  }

  private async openVersions(client: string): Promise<void> {
    this.versions = { client, list: { status: "loading" } };
    this.show();
    const list = await this.desk.versions(client);
    if (this.versions?.client !== client) return;
    this.versions = { client, list };
    this.show();
  }

  private async restore(client: string, version: string): Promise<void> {
    this.closeVersions();
    await this.desk.restore(client, version);
  }

  /** Another slide is on the stage, or nobody is signed in. */
  private closeAll(slide: string | null): void {
    this.slide = slide;
    this.managed = null;
    this.deleted = null;
    this.versions = null;
  }

  private closeVersions(): void {
    this.versions = null;
    this.show();
  }
}
