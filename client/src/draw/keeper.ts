/**
 * Sees to it that nothing drawn is lost: at each stroke into this browser, a second after the last
 * one to the service, and again and again while that is not there.
 */
import type { Api } from "../api/client";
import { isAbort, ProblemError, UnreachableError } from "../api/http";
import type { AnnotationDocument, AnnotationSummary, StoredAnnotation } from "../api/types";
import type { Store } from "../state/store";
import { SAVING } from "../words/drawing";
import { NOTICES } from "../words/notices";
import type { Draft, Drafts } from "./drafts";
import { newId } from "./element";
import type { Sketch } from "./sketch";
import {
  attributesOf,
  CLIENT_ATTRIBUTE,
  type DeskAction,
  type DeskState,
  documentOf,
  freeName,
  type Layer,
  type LayerChange,
  sameElements,
  storedLayer,
} from "./state";

const PAUSE_MS = 1000;
const RETRY_MS = 5000;

export interface KeeperEvents {
  /** Something went wrong that others know how to tell: the service is gone, nobody is signed in. */
  readonly onTrouble: (error: unknown) => void;
  /** The slide's annotations are others than they were. */
  readonly onListChanged: () => void;
}

type Elements = Sketch["elements"];

/** What becomes of a layer whose saving has failed. */
export type Verdict = "again" | "conflict" | "gone" | "refused";

export function verdictOn(error: unknown): Verdict {
  if (!(error instanceof ProblemError)) return "again";
  const { status } = error.problem;
  if (status === 412) return "conflict";
  if (status === 404 || status === 410) return "gone";
  // Nobody is signed in, too many at once, or a service that has trouble of its own: it passes.
  if (status === 401 || status === 408 || status === 429 || status >= 500) return "again";
  return "refused";
}

export class Keeper {
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly busy = new Set<string>();
  /** What was looked at last. */
  private readonly seen = new Map<string, Elements>();
  /** What the service is known to have of a layer. */
  private readonly saved = new Map<string, Elements>();
  /** What it had before, and was sent without a word in return: it may have any of that. */
  private readonly sent = new Map<string, ReadonlySet<Elements>>();

  constructor(
    private readonly api: Api,
    private readonly store: Store<DeskState, DeskAction>,
    private readonly drafts: Drafts<Draft>,
    /** Null while nobody is signed in: then nothing is sent, and everything kept. */
    private readonly account: () => string | null,
    private readonly events: KeeperEvents,
  ) {}

  /** Puts a layer on the desk as the service has it. */
  open(layer: Layer, active: boolean): void {
    this.saved.set(layer.client, layer.history.present.elements);
    this.store.dispatch({ type: "layerOpened", layer, active });
  }

  /** Takes layers off the desk. What it returns puts them back, with all that is known of them. */
  putAside(layers: readonly Layer[]): () => void {
    const known = layers.map((layer) => {
      const { client } = layer;
      return { layer, saved: this.saved.get(client), sent: this.sent.get(client) };
    });
    for (const { client } of layers) this.store.dispatch({ type: "layerClosed", client });
    return () => {
      for (const { layer, saved, sent } of known) {
        if (saved) this.saved.set(layer.client, saved);
        // What it may have been sent is looked for before it is made a second time.
        if (sent) this.sent.set(layer.client, sent);
        this.store.dispatch({ type: "layerOpened", layer, active: false });
      }
    };
  }

  /** A layer is another one at the service by now. As a step it can be undone. */
  reread(client: string, version: string, sketch: Sketch, isStep: boolean): void {
    this.saved.set(client, sketch.elements);
    this.mark(client, { version });
    this.store.dispatch({ type: isStep ? "drawn" : "reread", client, sketch });
  }

  /** Looks whether there is something new in any layer. Call it after every change. */
  look(): void {
    this.forgetClosed();
    for (const layer of this.store.state.layers) {
      const { elements } = layer.history.present;
      if (this.seen.get(layer.client) === elements) continue;
      this.seen.set(layer.client, elements);
      if (!this.isSaved(layer)) this.changed(layer.client);
      else if (layer.mark.kind !== "saved" && !this.busy.has(layer.client)) {
        void this.done(layer.client);
      }
    }
  }

  /** Saves what is not saved yet, at once. */
  resume(): void {
    for (const { client, mark } of this.store.state.layers) {
      if (mark.kind !== "saved") void this.save(client);
    }
  }

  /** Until all that is drawn in it is saved, or cannot be. */
  async save(client: string): Promise<void> {
    clearTimeout(this.timers.get(client));
    if (this.busy.has(client) || this.account() === null) return;
    const held = new Set<string>();
    let current: string | null = client;
    try {
      while (current !== null && this.isDue(current)) {
        this.busy.add(current);
        held.add(current);
        current = await this.attempt(current);
        if (current !== null) held.add(current);
      }
      if (current !== null && this.layer(current)) await this.done(current);
    } finally {
      for (const each of held) this.busy.delete(each);
    }
  }

  /**
   * Writes to the annotation of a layer all of which is saved, with nothing else written meanwhile:
   * a stroke that comes waits, and is saved on the version that was written now.
   *
   * @param write says what is another in the layer afterwards.
   * @returns false where what is drawn in it cannot be saved just now: then nothing was written.
   */
  async writeAlone(
    client: string,
    write: (layer: Layer) => Promise<LayerChange>,
  ): Promise<boolean> {
    await this.save(client);
    const layer = this.layer(client);
    if (layer?.mark.kind !== "saved" || this.busy.has(client)) return false;
    this.busy.add(client);
    try {
      this.mark(client, await write(layer));
    } finally {
      this.busy.delete(client);
      this.goOn(client);
    }
    return true;
  }

  /** What came while nothing could be saved: its draft is of an earlier version. */
  private goOn(client: string): void {
    if (this.layer(client)?.mark.kind === "saved") return;
    if (this.isDue(client)) void this.keep(client);
    void this.save(client);
  }

  private forget(client: string): void {
    clearTimeout(this.timers.get(client));
    for (const map of [this.timers, this.saved, this.sent, this.seen]) map.delete(client);
  }

  /** What is no more on the desk is not held in memory either. */
  private forgetClosed(): void {
    const here = new Set(this.store.state.layers.map(({ client }) => client));
    for (const client of this.seen.keys()) if (!here.has(client)) this.forget(client);
  }

  private changed(client: string): void {
    void this.keep(client);
    this.mark(client, { mark: { kind: "unsaved" }, kept: false });
    this.later(client, PAUSE_MS);
  }

  /** Into this browser. A browser that is full or forbids it cannot be helped, but is told of. */
  private async keep(client: string): Promise<void> {
    const layer = this.layer(client);
    const { owner: account } = this.store.state;
    if (!layer || account === null) return;
    const { slide, annotation, version } = layer;
    const document = documentOf(layer);
    try {
      await this.drafts.put({
        client,
        account,
        slide,
        annotation,
        version,
        document,
      });
    } catch {
      return;
    }
    const now = this.layer(client);
    // A stroke came in between: its own draft is on the way.
    if (now?.history.present.elements === document.elements) this.mark(client, { kept: true });
  }

  private later(client: string, pause: number): void {
    clearTimeout(this.timers.get(client));
    this.timers.set(
      client,
      setTimeout(() => void this.save(client), pause),
    );
  }

  /** One try. Returns the layer to go on with, if any. */
  private async attempt(client: string): Promise<string | null> {
    const layer = this.layer(client);
    if (!layer) return null;
    const { elements } = layer.history.present;
    this.mark(client, { mark: { kind: "saving" } });
    try {
      const summary = await this.write(layer);
      if (!this.layer(client)) return null;
      this.saved.set(client, elements);
      this.sent.delete(client);
      this.written(client, layer, summary);
      return client;
    } catch (error) {
      if (isAbort(error)) return null;
      return this.failed(client, error);
    }
  }

  private async write(layer: Layer): Promise<AnnotationSummary> {
    const { client, slide, annotation, version } = layer;
    const document = documentOf(layer);
    const lostAnswer = this.sent.has(client);
    const known = new Set(this.sent.get(client)).add(layer.history.present.elements);
    const before = this.saved.get(client);
    if (before) known.add(before);
    this.sent.set(client, known);
    this.saved.delete(client);
    if (annotation !== null && version !== null) {
      return this.api.updateAnnotation(annotation, version, document);
    }
    // The answer to an earlier try may have been lost, but not what was written.
    const made = lostAnswer ? await this.madeBefore(slide, client) : null;
    if (made) return this.api.updateAnnotation(made.id, made.version, document);
    return this.api.createAnnotation(slide, document);
  }

  private async madeBefore(slide: string, client: string): Promise<AnnotationSummary | null> {
    const all = await this.api.annotations(slide);
    return all.find(({ attributes }) => attributes[CLIENT_ATTRIBUTE] === client) ?? null;
  }

  private written(client: string, was: Layer, now: AnnotationSummary): void {
    const rest = { ...was.rest, attributes: attributesOf(was) };
    const { id: annotation, version } = now;
    this.mark(client, { annotation, version, rest });
    const layer = this.layer(client);
    // What was drawn meanwhile builds on the version that was written now.
    if (layer && !this.isSaved(layer)) void this.keep(client);
    if (was.annotation === null) this.events.onListChanged();
  }

  private async done(client: string): Promise<void> {
    clearTimeout(this.timers.get(client));
    await this.drafts.remove(client).catch(() => {});
    const layer = this.layer(client);
    if (!layer || !this.isSaved(layer)) {
      // A stroke came while the draft was being removed.
      if (layer) void this.keep(client);
      return;
    }
    this.mark(client, { mark: { kind: "saved" }, kept: true });
    if (layer.slide !== this.store.state.slide)
      this.store.dispatch({ type: "layerClosed", client });
  }

  private async failed(client: string, error: unknown): Promise<string | null> {
    const verdict = verdictOn(error);
    const layer = this.layer(client);
    if (!layer) return null;
    if (verdict === "again" || verdict === "refused") {
      this.putOff(client, error, verdict);
      return null;
    }
    try {
      return await this.part(layer, verdict === "gone" ? null : await this.others(layer));
    } catch (trouble) {
      this.putOff(client, trouble, verdictOn(trouble) === "again" ? "again" : "refused");
      return null;
    }
  }

  private putOff(client: string, error: unknown, verdict: "again" | "refused"): void {
    const detail = wordsOf(error);
    this.mark(client, { mark: { kind: verdict === "again" ? "offline" : "refused", detail } });
    // The browser may have room for it by now.
    if (this.layer(client)?.kept === false) void this.keep(client);
    if (verdict === "again") {
      this.later(client, RETRY_MS);
      this.events.onTrouble(error);
    }
  }

  private async others({ annotation }: Layer): Promise<StoredAnnotation | null> {
    if (annotation === null) return null;
    try {
      return await this.api.annotation(annotation);
    } catch (error) {
      if (verdictOn(error) === "gone") return null;
      throw error;
    }
  }

  /**
   * Both versions are kept: ours goes on as an annotation of its own, theirs is shown beside it.
   *
   * Theirs may be our own writing, whose answer never came, or draw what ours was drawn on and be
   * called otherwise: then there is nothing to part.
   */
  private async part(layer: Layer, theirs: StoredAnnotation | null): Promise<string> {
    const { client, slide, annotation, name } = layer;
    const ours = theirs && this.sentBefore(client, theirs.elements);
    if (ours) {
      const at = { id: annotation ?? "", version: theirs.version };
      const { version, name, rest } = storedLayer(slide, client, at, theirs);
      this.saved.set(client, ours);
      this.sent.delete(client);
      this.mark(client, { version, name, rest });
      return client;
    }
    const taken = (await this.api.annotations(slide)).map((each) => each.name);
    // Somebody else is at the desk by now: the draft is all that is left of it.
    if (!this.layer(client)) return client;
    const own = freeName(name, taken);
    const fork = newId();
    const conflict = theirs
      ? SAVING.changedElsewhere(theirs.name, own)
      : SAVING.deletedElsewhere(name, own);
    // Before anything is told of it, so that no timer starts to save it as well.
    this.busy.add(fork);
    this.mark(client, { client: fork, annotation: null, version: null, name: own, conflict });
    this.forget(client);
    await this.keep(fork);
    await this.drafts.remove(client).catch(() => {});
    if (theirs && annotation !== null && this.store.state.slide === slide) {
      const { version } = theirs;
      this.open(storedLayer(slide, newId(), { id: annotation, version }, theirs), false);
    }
    return fork;
  }

  private sentBefore(client: string, elements: AnnotationDocument["elements"]): Elements | null {
    const sent = [...(this.sent.get(client) ?? [])];
    return sent.find((each) => sameElements(each, elements)) ?? null;
  }

  private isDue(client: string): boolean {
    const layer = this.layer(client);
    return layer !== undefined && !this.isSaved(layer);
  }

  /** An empty layer that never was saved is nothing to save. */
  private isSaved({ client, annotation, history }: Layer): boolean {
    const { elements } = history.present;
    if (annotation === null && elements.length === 0) return true;
    return this.saved.get(client) === elements;
  }

  private mark(client: string, change: LayerChange): void {
    this.store.dispatch({ type: "layerChanged", client, change });
  }

  private layer(client: string): Layer | undefined {
    return this.store.state.layers.find((each) => each.client === client);
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof ProblemError) {
    const { detail, hint } = error.problem;
    return hint ? `${detail} ${hint}` : detail;
  }
  if (error instanceof UnreachableError) return NOTICES.goneTrying;
  return String(error);
}
