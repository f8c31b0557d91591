/** Whole annotations: another name, away with it, and back again. */
import type { Api } from "../api/client";
import { ProblemError } from "../api/http";
import type { AnnotationSummary } from "../api/types";
import type { Loadable } from "../state/state";
import type { Store } from "../state/store";
import type { Keeper } from "./keeper";
import { type DeskAction, type DeskState, documentOf, type Layer } from "./state";

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
    private readonly keeper: Pick<Keeper, "save">,
    private readonly events: ManageEvents,
  ) {}

  async rename(one: AnnotationSummary, wish: string): Promise<void> {
    const name = wish.trim();
    if (name === "" || name === one.name) return;
    await this.tried(one, async () => {
      const layer = await this.settled(one);
      if (layer) {
        const document = { ...documentOf(layer), name };
        const { version } = await this.api.updateAnnotation(one.id, versionOf(layer), document);
        this.store.dispatch({
          type: "layerChanged",
          client: layer.client,
          change: { name, version },
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
      const layer = await this.settled(one);
      const version = layer ? versionOf(layer) : one.version;
      await this.api.deleteAnnotation(one.id, version);
      this.recent.push({ slide: this.store.state.slide, one: { ...one, version } });
      this.close(layer);
      this.events.onGone(one.id);
      this.events.onNote(`“${one.name}” was deleted. “Deleted annotations” brings it back.`);
    });
  }

  async bringBack(one: AnnotationSummary): Promise<void> {
    await this.tried(one, async () => {
      await this.api.restoreAnnotation(one.id, one.version, one.version);
      const at = this.recent.findIndex((each) => each.one.id === one.id);
      if (at >= 0) this.recent.splice(at, 1);
      this.events.onNote(`“${one.name}” is back.`);
    });
  }

  /** What can be brought back, or why nobody can say. */
  async deleted(slide: string): Promise<Loadable<readonly AnnotationSummary[]>> {
    try {
      return { status: "ready", value: await this.api.deletedAnnotations(slide) };
    } catch (error) {
      if (!(error instanceof ProblemError)) {
        this.events.onTrouble(error);
        const title = "The service does not answer.";
        return { status: "failed", problem: { title, status: 0, detail: title, hint: null } };
      }
      const here = this.recent.filter((each) => each.slide === slide);
      const known = error.problem.status === 404 ? here.map(({ one }) => one) : [];
      return known.length > 0
        ? { status: "ready", value: known }
        : { status: "failed", problem: error.problem };
    }
  }

  /** The layer it is open in, all of which is saved; null where it is not open. */
  private async settled({ id, name }: AnnotationSummary): Promise<Layer | null> {
    const client = this.layerOf(id)?.client;
    if (client === undefined) return null;
    await this.keeper.save(client);
    const layer = this.layerOf(id);
    if (layer?.mark.kind === "saved") return layer;
    throw new UnsavedError(
      `“${name}” is not saved yet: nothing was changed. Try again when it is.`,
    );
  }

  private close(was: Layer | null): void {
    const now = was && this.layerOf(was.annotation ?? "");
    // A stroke that came meanwhile is kept: saving it finds that the rest is gone.
    if (!was || now?.history.present.elements !== was.history.present.elements) return;
    this.store.dispatch({ type: "layerClosed", client: was.client });
  }

  private async tried({ name }: AnnotationSummary, call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      if (error instanceof UnsavedError) this.events.onNote(error.message);
      else if (!(error instanceof ProblemError)) this.events.onTrouble(error);
      else if (error.problem.status === 412) {
        this.events.onNote(
          `“${name}” was changed elsewhere meanwhile: nothing was done. Look again.`,
        );
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
