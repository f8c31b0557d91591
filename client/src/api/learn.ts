/** What the service tells of models: their records, curves and who chose which version. */
import { getJson, send } from "./http";
import type { ModelClass, Split } from "./types";

/** Dice of both sides of the gate. */
export interface Sides {
  readonly challenger: number;
  readonly active: number;
}

export interface Span {
  readonly low: number;
  readonly high: number;
}

export interface GateClass {
  readonly name: string;
  readonly patients: number;
  /** Null where no locked picture shows the class. */
  readonly mean: Sides | null;
  readonly pooled: Sides;
  /** Of the difference of the means; null for too few patients. */
  readonly interval: Span | null;
  readonly reason: string;
}

export interface GateDecision {
  readonly challenger: string;
  readonly active: string;
  readonly promoted: boolean;
  /** Dice that a class may lose. */
  readonly margin: number;
  readonly at: string;
  readonly headline: string;
  readonly caveats: readonly string[];
  readonly classes: readonly GateClass[];
}

export interface EvaluatedClass {
  readonly name: string;
  readonly pooled: { readonly dice: number | null };
  readonly dice_interval: {
    readonly low: number | null;
    readonly high: number | null;
    readonly words: string;
  };
  readonly mean_dice: number | null;
  readonly worst: { readonly name: string; readonly dice: number | null } | null;
}

export interface EvaluatedSlide {
  readonly name: string;
  readonly patient: string;
  /** The split of the model's own training that the patient was in. */
  readonly seen_in: Split | null;
  readonly dice: Readonly<Record<string, number | null>>;
}

export interface ModelEvaluation {
  readonly made: string;
  readonly warnings: readonly string[];
  readonly patients: number;
  readonly classes: readonly EvaluatedClass[];
  readonly slides: readonly EvaluatedSlide[];
  /** Addresses of pictures, the worst first. */
  readonly gallery: readonly string[];
}

/** How well people agree with the consensus of the others. */
export interface CeilingFigure {
  readonly dice: number | null;
  readonly lowest: number | null;
  readonly highest: number | null;
  readonly people: number;
}

export interface ModelEvent {
  readonly at: string;
  readonly by: string;
  readonly what: "added" | "promoted" | "kept" | "rolled back";
  readonly version: number;
  readonly before: number | null;
  readonly why: string;
}

export interface ModelRecord {
  readonly name: string;
  readonly version: number;
  readonly reference: string;
  readonly digest: string;
  readonly architecture: string;
  readonly classes: readonly ModelClass[];
  readonly mpp: number;
  readonly summary: string;
  readonly notice: string;
  readonly licence: string;
  readonly tags: readonly string[];
  /** What it goes on from, nearest first. */
  readonly lineage: readonly string[];
  readonly active: string | null;
  /** The version that a rollback leads to. */
  readonly rollback: string | null;
  /** Of its name, newest first. */
  readonly history: readonly ModelEvent[];
  /** Digest of the data set that it was trained on. */
  readonly snapshot: string | null;
  readonly patients: Readonly<Partial<Record<Split, number>>>;
  readonly epochs: number | null;
  readonly ceiling: {
    readonly agreement: string;
    readonly classes: Readonly<Record<string, CeilingFigure>>;
  } | null;
  /** Whether the reader may choose the version that is used. */
  readonly changeable: boolean;
  /** Whether figures and pictures of slides are left out for this reader. */
  readonly limited: boolean;
  readonly gate: GateDecision | null;
  readonly evaluation: ModelEvaluation | null;
}

export interface Epoch {
  readonly epoch: number;
  readonly loss: number | null;
  readonly val_loss: number | null;
  readonly accuracy: number | null;
  readonly val_accuracy: number | null;
  readonly dice: Readonly<Record<string, number | null>>;
}

/** Another version is to be used: in whose place, and why. */
export interface VersionChange {
  readonly over: string;
  readonly why: string;
}

export interface LearnApi {
  model(reference: string): Promise<ModelRecord>;
  /** The epochs of its training; none where nobody kept them. */
  curves(reference: string): Promise<readonly Epoch[]>;
  promote(reference: string, change: VersionChange): Promise<void>;
  rollback(name: string, change: VersionChange): Promise<void>;
  /** An address that the service gave. */
  picture(address: string): string;
}

const id = encodeURIComponent;

/** `root` is where the page lives, as in `createApi`. */
export function createLearnApi(root: string): LearnApi {
  const at = (relative: string): string => new URL(`api/${relative}`, root).href;
  const post = async (relative: string, body: unknown): Promise<void> =>
    void (await send(at(relative), { method: "POST", body }));
  return {
    model: (reference) => getJson(at(`models/${id(reference)}`)),
    curves: async (reference) =>
      (await getJson<{ epochs: Epoch[] }>(at(`models/${id(reference)}/curves`))).epochs,
    promote: (reference, change) => post(`models/${id(reference)}/promote`, change),
    rollback: (name, change) => post(`models/${id(name)}/rollback`, change),
    picture: (address) => new URL(address.replace(/^\//, ""), root).href,
  };
}
