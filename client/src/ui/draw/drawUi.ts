/** Renders all that belongs to drawing, at most once per frame. */
import { html, nothing, render, type TemplateResult } from "lit-html";
import type { AnnotationVersion } from "../../api/types";
import type { Desk } from "../../draw/desk";
import type { Loadable } from "../../state/state";
import { drawBar } from "./drawBar";
import { layersPanel } from "./layersPanel";
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

export class DrawUi {
  private frame = 0;
  private versions: Versions | null = null;
  private hadSheet = false;

  constructor(
    private readonly desk: Desk,
    private readonly hosts: DrawHosts,
  ) {
    desk.store.subscribe(() => this.show());
  }

  /** Keys are for what lies over the slide, not for the slide. */
  get isReading(): boolean {
    return this.versions !== null;
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
    const sheet = this.sheet();
    render(sheet, hosts.sheet);
    // Escape is heard where the focus is.
    if (sheet !== nothing && !this.hadSheet) {
      hosts.sheet.querySelector<HTMLElement>(".sheet")?.focus();
    }
    this.hadSheet = sheet !== nothing;
  }

  private sheet(): TemplateResult | typeof nothing {
    const { desk, versions } = this;
    if (desk.state.help) return helpSheet(() => desk.showHelp(false));
    const layer = versions && desk.state.layers.find(({ client }) => client === versions.client);
    if (!versions || !layer) return nothing;
    return html`${versionsSheet(
      layer.name,
      versions.list,
      (version) => void this.restore(layer.client, version),
      () => this.closeVersions(),
    )}`;
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

  private closeVersions(): void {
    this.versions = null;
    this.show();
  }
}
