/** Whole annotations: another name, away with it, and back again. */
import type { Api } from "../api/client";
import { ProblemError } from "../api/http";
import type { AnnotationSummary } from "../api/types";
import type { Loadable } from "../state/state";
import type { Store } from "../state/store";
import { MANAGE } from "../words/annotations";
import { asked } from "./asking";
import type { Keeper } from "./keeper";
import { type DeskAction, type DeskState, documentOf, type Layer, type LayerChange } from "./state";

type ManageApi = Pick<
  Api,
  | "annotation"
  | "updateAnnotation"
  | "deleteAnnotation"
  | "deletedAnnotations"
  | "restoreAnnotation"
>;

export interface ManageEvents {
  readonly onNote: (note: string) => void;
  readonly onTrouble: (error: unknown) => void;
  /** The slide's annotations are others than they were. */
  readonly onListChanged: () => void;
  /** It is not on the slide any more. */
  readonly onGone: (annotation: string) => void;
}

export class Managing {
  /** Deleted on this page: an archive without our plugin cannot list them. */
  private readonly recent: { slide: string | null; one: AnnotationSummary }[] = [];

  constructor(
    private readonly api: ManageApi,
    private readonly store: Store<DeskState, DeskAction>,
    private readonly keeper: Pick<Keeper, "writeAlone">,
    private readonly events: ManageEvents,
  ) {}

  async rename(one: AnnotationSummary, wish: string): Promise<void> {
    const name = wish.trim();
    if (name === "" || name === one.name) return;
    await this.tried(one, async () => {
      if (this.layerOf(one.id)) {
        await this.written(one, async (layer) => {
          const document = { ...documentOf(layer), name };
          const { version } = await this.api.updateAnnotation(one.id, versionOf(layer), document);
          return { name, version };
        });
        return;
      }
      const { version, editable: _, ...document } = await this.api.annotation(one.id);
      await this.api.updateAnnotation(one.id, version, { ...document, name });
    });
  }

  /** Its versions stay where they are. */
  async remove(one: AnnotationSummary): Promise<void> {
    await this.tried(one, async () => {
      if (!this.layerOf(one.id)) await this.delete(one, one.version);
      else {
        await this.written(one, async (layer) => {
          await this.delete(one, versionOf(layer));
          this.close(layer);
          return {};
        });
      }
      this.events.onGone(one.id);
      this.events.onNote(MANAGE.deleted(one.name));
    });
  }

  async bringBack(one: AnnotationSummary): Promise<void> {
    await this.tried(one, async () => {
      await this.api.restoreAnnotation(one.id, one.version, one.version);
      const at = this.recent.findIndex((each) => each.one.id === one.id);
      if (at >= 0) this.recent.splice(at, 1);
      this.events.onNote(MANAGE.back(one.name));
    });
  }

  /** What can be brought back, or why nobody can say. */
  async deleted(slide: string): Promise<Loadable<readonly AnnotationSummary[]>> {
    const listed = await asked(() => this.api.deletedAnnotations(slide), this.events.onTrouble);
    if (listed.status !== "failed" || listed.problem.status !== 404) return listed;
    const here = this.recent.flatMap((each) => (each.slide === slide ? [each.one] : []));
    return here.length > 0 ? { status: "ready", value: here } : listed;
  }

  private async delete(one: AnnotationSummary, version: string): Promise<void> {
    const { slide } = this.store.state;
    await this.api.deleteAnnotation(one.id, version);
    this.recent.push({ slide, one: { ...one, version } });
  }

  /** By way of the layer that it is open in, all of which has to be saved. */
  private async written(
    { id, name }: AnnotationSummary,
    write: (layer: Layer) => Promise<LayerChange>,
  ): Promise<void> {
    const client = this.layerOf(id)?.client ?? "";
    if (await this.keeper.writeAlone(client, write)) return;
    throw new UnsavedError(MANAGE.unsaved(name));
  }

  private close(was: Layer): void {
    const now = this.layerOf(was.annotation ?? "");
    // A stroke that came meanwhile is kept: saving it finds that the rest is gone.
    if (now?.history.present.elements !== was.history.present.elements) return;
    this.store.dispatch({ type: "layerClosed", client: was.client });
  }

  private async tried({ name }: AnnotationSummary, call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      if (error instanceof UnsavedError) this.events.onNote(error.message);
      else if (!(error instanceof ProblemError)) this.events.onTrouble(error);
      else if (error.problem.status === 412) {
        this.events.onNote(MANAGE.changedElsewhere(name));
      } else this.events.onNote(error.problem.detail);
    }
    this.events.onListChanged();
  }

  private layerOf(annotation: string): Layer | undefined {
    return this.store.state.layers.find((each) => each.annotation === annotation);
  }
}

class UnsavedError extends Error {}

function versionOf({ version }: Layer): string {
  return version ?? "";
}
