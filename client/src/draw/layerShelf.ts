/** Which layers lie on the desk: one's own from the last time, drafts left behind, others on demand. */
import type { Api } from "../api/client";
import { ProblemError } from "../api/http";
import type { AnnotationSummary, AnnotationVersion } from "../api/types";
import type { Loadable, OpenSlide } from "../state/state";
import type { Store } from "../state/store";
import { MANAGE } from "../words/annotations";
import { DRAW_NOTES } from "../words/drawing";
import { asked } from "./asking";
import type { Draft, Drafts } from "./drafts";
import { drawable, newId } from "./element";
import type { Keeper } from "./keeper";
import {
  CLIENT_ATTRIBUTE,
  type DeskAction,
  type DeskState,
  isSafe,
  type Layer,
  layersHere,
  newLayer,
  sameElements,
  storedLayer,
} from "./state";

export interface ShelfEvents {
  readonly onNote: (note: string) => void;
  readonly onTrouble: (error: unknown) => void;
}

/** More than this are drawn by the archive's own viewer. */
export const MOST_ELEMENTS = 20_000;

export class LayerShelf {
  /** Who is signed in; null while nobody is. */
  private account: string | null = null;
  /** Of people who have gone: what even their browser would not keep, until they come back. */
  private readonly aside = new Map<string, () => void>();
  private listed: readonly AnnotationSummary[] | null = null;
  /** The slide whose own layers were looked for. */
  private begun: string | null = null;

  constructor(
    private readonly api: Api,
    private readonly store: Store<DeskState, DeskAction>,
    private readonly keeper: Keeper,
    private readonly drafts: Drafts<Draft>,
    private readonly events: ShelfEvents,
  ) {}

  show(
    account: string | null,
    slide: string | null,
    annotations: OpenSlide["annotations"] | null,
  ): void {
    if (account !== this.account) this.changeAccount(account);
    if (slide !== this.store.state.slide) {
      this.begun = null;
      this.listed = null;
      this.store.dispatch({ type: "slide", slide });
      if (slide !== null) void this.loadClasses(slide);
    }
    if (slide === null || account === null || annotations?.status !== "ready") return;
    const { value } = annotations;
    if (value === this.listed) return;
    this.listed = value;
    if (this.begun === slide) void this.refresh(slide, value);
    else {
      this.begun = slide;
      void this.begin(slide, account, value);
    }
  }

  /** Nothing is held for somebody who has gone that their browser does not have. */
  get isSafe(): boolean {
    return this.aside.size === 0;
  }

  /** Opens an annotation to draw in, or takes it in hand where it is open. */
  async edit(summary: Pick<AnnotationSummary, "id">, isWished: () => boolean): Promise<void> {
    const { slide } = this.store.state;
    const open = layersHere(this.store.state).find(({ annotation }) => annotation === summary.id);
    if (open) this.store.dispatch({ type: "active", client: open.client });
    else if (slide !== null) await this.tried(() => this.open(slide, summary.id, isWished));
  }

  async versions(client: string): Promise<Loadable<readonly AnnotationVersion[]>> {
    await this.keeper.save(client);
    const annotation = this.layer(client)?.annotation;
    if (!annotation) return { status: "ready", value: [] };
    return asked(() => this.api.annotationVersions(annotation), this.events.onTrouble);
  }

  /** The layer as it was then, as a step that can be undone. */
  async restore(client: string, version: string): Promise<void> {
    await this.tried(async () => {
      const isDone = await this.keeper.writeAlone(client, async (layer) => {
        if (layer.annotation === null || layer.version === null) return {};
        await this.api.restoreAnnotation(layer.annotation, version, layer.version);
        await this.reread(layer, true);
        return {};
      });
      const name = this.layer(client)?.name;
      if (!isDone && name !== undefined) this.events.onNote(MANAGE.unsaved(name));
    });
  }

  /** Whoever was only signed out goes on where they were; another one sees nothing of theirs. */
  private changeAccount(account: string | null): void {
    this.account = account;
    this.begun = null;
    if (account === null) return;
    if (this.store.state.owner !== account) this.handOver(account);
    this.keeper.resume();
  }

  private handOver(account: string): void {
    const { layers, owner } = this.store.state;
    // The rest of what is unsaved lies among the drafts.
    const unkept = layers.filter((layer) => !isSafe(layer));
    if (owner !== null && unkept.length > 0) this.aside.set(owner, this.keeper.putAside(unkept));
    for (const { client } of this.store.state.layers)
      this.store.dispatch({ type: "layerClosed", client });
    this.drafts.disownAll();
    this.store.dispatch({ type: "owner", owner: account });
    this.aside.get(account)?.();
    this.aside.delete(account);
  }

  private async loadClasses(slide: string): Promise<void> {
    await this.tried(async () => {
      const classes = await this.api.classesToDraw();
      if (this.store.state.slide === slide) this.store.dispatch({ type: "classes", classes });
    });
  }

  private async begin(
    slide: string,
    account: string,
    listed: readonly AnnotationSummary[],
  ): Promise<void> {
    await this.tried(async () => {
      const drafts = await this.drafts.takeUp(account, slide).catch(() => []);
      for (const draft of drafts) this.recover(account, draft, listed);
      if (this.store.state.slide !== slide || layersHere(this.store.state).length > 0) return;
      const own = listed
        .filter(isOwn)
        .sort((a, b) => b.updated.localeCompare(a.updated))
        .find(({ elements_count }) => elements_count <= MOST_ELEMENTS);
      // Whoever has begun to draw meanwhile goes on where they are.
      const isWished = () => layersHere(this.store.state).length === 0;
      if (own) await this.open(slide, own.id, isWished);
    });
  }

  /**
   * Strokes that have not reached the service: saved now, over what they were drawn on, wherever
   * the reader has gone meanwhile.
   */
  private recover(account: string, draft: Draft, listed: readonly AnnotationSummary[]): void {
    const { slide, client, document } = draft;
    const isTheirs = this.store.state.owner === account;
    if (!isTheirs) this.drafts.disown(client);
    if (!isTheirs || this.layer(client)) return;
    const made =
      draft.annotation === null
        ? listed.find(({ attributes }) => attributes[CLIENT_ATTRIBUTE] === client)
        : null;
    const annotation = made?.id ?? draft.annotation;
    const version = made?.version ?? draft.version;
    const at = annotation !== null && version !== null ? { id: annotation, version } : null;
    const bare = newLayer(slide, client, document.name);
    const layer = at ? storedLayer(slide, client, at, document) : withContent(bare, draft);
    // Not known to be saved: the keeper sees to it, and to what somebody else has done meanwhile.
    const active = this.store.state.slide === slide;
    this.store.dispatch({ type: "layerOpened", layer, active });
    this.events.onNote(DRAW_NOTES.strokesFound(layer.name));
  }

  /** Others may have written: what is saved here follows, what is not is told apart on saving. */
  private async refresh(slide: string, listed: readonly AnnotationSummary[]): Promise<void> {
    for (const layer of layersHere(this.store.state)) {
      const now = listed.find(({ id }) => id === layer.annotation);
      const isStale = now && now.version !== layer.version && layer.mark.kind === "saved";
      if (isStale && layer.slide === slide) await this.tried(() => this.reread(layer, false));
    }
  }

  private async reread({ client, annotation, version }: Layer, isStep: boolean): Promise<void> {
    if (annotation === null) return;
    const stored = await this.api.annotation(annotation);
    const now = this.layer(client);
    // A list may be older than what we have. A stroke that came meanwhile goes first; where the
    // reader has asked for this, it is the step before.
    if (!now || now.version !== version || (now.mark.kind !== "saved" && !isStep)) return;
    if (stored.version === version) return;
    const at = { id: annotation, version: stored.version };
    const { name, rest } = storedLayer(now.slide, client, at, stored);
    // With the next stroke all of it is sent: another's name and attributes, too.
    this.store.dispatch({ type: "layerChanged", client, change: { name, rest } });
    const { present } = now.history;
    const isSame = sameElements(stored.elements, present.elements);
    const elements = isSame ? present.elements : drawable(stored.elements);
    if (isSame)
      this.store.dispatch({ type: "layerChanged", client, change: { version: stored.version } });
    else this.keeper.reread(client, stored.version, { elements, selected: [] }, isStep);
  }

  private async open(slide: string, id: string, isWished: () => boolean): Promise<void> {
    const stored = await this.api.annotation(id);
    const isThere = layersHere(this.store.state).some(({ annotation }) => annotation === id);
    if (this.store.state.slide !== slide || isThere || !isWished()) return;
    this.keeper.open(storedLayer(slide, newId(), { id, version: stored.version }, stored), true);
  }

  private async tried(call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      if (error instanceof ProblemError) this.events.onNote(error.problem.detail);
      this.events.onTrouble(error);
    }
  }

  private layer(client: string): Layer | undefined {
    return this.store.state.layers.find((each) => each.client === client);
  }
}

/** Made in this viewer by the one who looks. */
function isOwn({ mine, editable, attributes }: AnnotationSummary): boolean {
  return mine && editable && CLIENT_ATTRIBUTE in attributes;
}

function withContent(layer: Layer, { document }: Draft): Layer {
  const { history } = layer;
  const present = { elements: drawable(document.elements), selected: [] };
  return { ...layer, history: { ...history, present } };
}
