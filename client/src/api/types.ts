/**
 * The service's REST contract, as TypeScript. Boxes are in base pixels, times are ISO 8601 UTC.
 */
import type { Box } from "../model/box";
import type { Manner } from "./launch";

/** RFC 9457 problem document; `hint` says what the reader can do about it. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly hint: string | null;
}

/** Micrometres per base pixel and who said so. */
export interface Mpp {
  readonly x: number;
  readonly y: number;
  readonly source: "metadata" | "user" | "assumed";
}

/** Somebody who is signed in. */
export interface User {
  readonly id: string;
  readonly login: string;
  readonly name: string;
}

/** Where the slides are, and who looks at them; only an archive knows users. */
export interface Account {
  readonly mode: "folder" | "dsa";
  /** Host of the archive. */
  readonly site: string | null;
  readonly user: User | null;
  /** Whether they may have a model retrained here. */
  readonly retrains: boolean;
  /** Whether they may see what models are trained on. */
  readonly datasets: boolean;
}

/** A collection or folder of an archive; `user` stands for somebody's own folders. */
export interface Folder {
  readonly id: string;
  readonly name: string;
  readonly kind: "collection" | "folder" | "user";
}

export interface SlideSummary {
  readonly id: string;
  readonly name: string;
  /** Null in an archive, whose slides are not opened to list them. */
  readonly width: number | null;
  readonly height: number | null;
  readonly mpp: Mpp | null;
  readonly thumbnail: string;
  /** Why the file cannot be opened; null for a sound slide. */
  readonly problem: { readonly detail: string; readonly hint: string | null } | null;
}

export interface SlideDetail extends SlideSummary {
  readonly width: number;
  readonly height: number;
  /** The way to it from the archive's root. */
  readonly folders: readonly Folder[];
  /** Whether the reader may have it segmented. */
  readonly editable: boolean;
  readonly tile_width: number;
  readonly tile_height: number;
  readonly max_zoom: number;
  readonly format: string;
  readonly fingerprint: string;
}

export interface ModelClass {
  readonly name: string;
  readonly code: number;
  /** `#rrggbb` */
  readonly color: string;
}

export interface Model {
  readonly name: string;
  readonly version: string;
  /** `name@version`, what a job asks for. */
  readonly reference: string;
  readonly default: boolean;
  /** `active`, `candidate`, or none. */
  readonly tags: readonly string[];
  readonly classes: readonly ModelClass[];
  /** µm per pixel that the model works at. */
  readonly mpp: number;
  readonly summary: string;
  /** One honest sentence on how little or how much the model was measured. */
  readonly notice: string;
}

export type JobState = "queued" | "running" | "done" | "failed" | "cancelled";
export type JobStage =
  | "starting"
  | "tissue"
  | "room"
  | "calibrate"
  | "predict"
  | "trace"
  | "write"
  | "push"
  | "waiting"
  | "done";

export interface Progress {
  readonly stage: JobStage;
  readonly done: number;
  readonly total: number;
  readonly tiles_per_s: number | null;
  readonly eta_s: number | null;
}

export interface Failure {
  readonly stage: string;
  readonly slide: string;
  /** Where on the slide: `x,y,width,height` in base pixels. */
  readonly tile: unknown;
  readonly cause: string;
  readonly hint: string | null;
}

export type Priority = "low" | "normal" | "high";

export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly state: JobState;
  readonly slide: string;
  readonly slide_name: string;
  readonly model: string;
  readonly roi: Box | null;
  /** Known once the job has something to show. */
  readonly run: string | null;
  readonly created: string;
  readonly started: string | null;
  readonly finished: string | null;
  readonly progress: Progress;
  readonly failure: Failure | null;
  /** Who has asked for it, for people; empty where nobody knows. */
  readonly by?: string;
  /** Among those that wait. */
  readonly priority?: Priority;
  /** The files of its run are deleted; annotations stay. */
  readonly put_away?: PutAway | null;
}

/** When old files made room for others, and why. */
export interface PutAway {
  readonly at: string;
  readonly why: string;
}

/** A job that makes the next version of a model from everybody's annotations. */
export interface Retraining {
  readonly id: string;
  readonly state: JobState;
  /** A name without a version. */
  readonly model: string;
  /** Who or what has asked for it. */
  readonly why: string;
  readonly progress: { readonly stage: string; readonly done: number; readonly total: number };
  readonly failure: Failure | null;
  /** The new version, once it is in the registry. */
  readonly candidate: string | null;
  /** Digest of what it learns from, once that is gathered. */
  readonly snapshot: string | null;
  readonly promoted: boolean | null;
  /** What the gate said and by which figures. */
  readonly headline: string | null;
  /** How sure of it the gate is, a line each. */
  readonly caveats: readonly string[];
}

export type Split = "train" | "valid" | "test";

/** A training snapshot: regions of slides and what is taught of them, fixed for good. */
export interface DatasetSummary {
  /** Of the manifest; it never means anything else. */
  readonly digest: string;
  readonly name: string;
  readonly made: string;
  readonly regions: Readonly<Record<Split, number>>;
  readonly slides: number;
  readonly patients: number;
  readonly classes: readonly Pick<ModelClass, "name" | "color">[];
  /** The class that is taught where nobody drew; null where that is none of the classes. */
  readonly background: string | null;
  readonly consensus: string;
  /** What never stands in two splits. */
  readonly split: string;
  readonly annotators: readonly string[];
}

export interface DatasetRegion {
  readonly name: string;
  readonly split: Split;
  /** As it was when the data set was made. */
  readonly slide: { readonly id: string; readonly name: string; readonly fingerprint: string };
  readonly patient: string;
  readonly box: Box;
  /** Of picture and mask. */
  readonly mpp: { readonly x: number; readonly y: number };
  readonly size: readonly [width: number, height: number];
  readonly consensus: string;
  readonly annotators: readonly string[];
  /** Numbers of mask pixels. */
  readonly pixels: {
    readonly classes: Readonly<Record<string, number>>;
    readonly none: number;
    readonly ignored: number;
  };
  /** Mask pixels in which people have said otherwise than a model. */
  readonly corrected: number;
}

export interface Dataset extends DatasetSummary {
  readonly rois: readonly DatasetRegion[];
  readonly complaints: readonly string[];
}

export interface DatasetList {
  /** Newest first. */
  readonly datasets: readonly DatasetSummary[];
  /** Why folders that look like data sets are none. */
  readonly broken: readonly { readonly detail: string; readonly hint: string | null }[];
}

export interface ClassReport {
  readonly name: string;
  readonly code: number;
  readonly area_mm2: number;
  readonly share: number;
}

/** The part of `report.json` that the viewer shows. */
export interface Report {
  readonly classes?: readonly ClassReport[];
  readonly tiles?: {
    readonly total: number;
    readonly tissue: number;
    readonly run: number;
    readonly resumed: number;
  };
  /** What the user should know although it worked. */
  readonly warnings?: readonly string[];
}

export interface Run {
  readonly id: string;
  readonly job: string | null;
  readonly slide: string;
  readonly model: string;
  readonly classes: readonly ModelClass[];
  readonly mpp: number;
  readonly roi: Box | null;
  readonly threshold: number;
  readonly state: JobState;
  readonly created?: string;
  readonly report: Report | null;
  readonly put_away?: PutAway | null;
  /** Somebody wants it to stay, whatever its age; `by` is empty where nobody knows. */
  readonly kept?: { readonly at: string; readonly by: string } | null;
}

/** What a run is compared with: another run of its slide, or an annotation there. */
export interface ComparedWith {
  readonly kind: "run" | "annotation";
  readonly id: string;
}

/** How far two views of a slide agree where both speak; areas are null without a pixel size. */
export interface Disagreement {
  readonly areas_mm2: {
    readonly only_this: number | null;
    readonly only_other: number | null;
    readonly other_class: number | null;
  };
  /** Of what both speak of; null where that is nothing. */
  readonly share: number | null;
  readonly classes: readonly {
    readonly name: string;
    readonly this_mm2: number | null;
    readonly other_mm2: number | null;
    /** Null where neither has the class. */
    readonly dice: number | null;
  }[];
}

export interface SegmentRequest extends Manner {
  readonly slide: string;
  readonly model: string;
  readonly threshold: number;
  readonly roi?: Box;
  readonly focus?: Box;
  /** In the place of this model's earlier layers. */
  readonly replace?: boolean;
}

/** An annotation without its elements. */
export interface AnnotationSummary {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** A model's layer names its `run` and `model`. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly elements_count: number;
  /** Who made it, for people; empty where nobody knows. */
  readonly by: string;
  readonly updated: string;
  /** Changes with each writing. */
  readonly version: string;
  /** Whether the reader may change it; never so for a model's layer. */
  readonly editable: boolean;
  readonly mine: boolean;
}

/** What an annotation was at some time. */
export interface AnnotationVersion {
  readonly version: string;
  readonly by: string;
  readonly updated: string;
  readonly elements_count: number;
  readonly current: boolean;
}

/** A class to draw with. */
export interface ClassToDraw {
  readonly name: string;
  readonly code: number;
  /** `#rrggbb` */
  readonly colour: string;
  /** It bounds what was looked at, and is no tissue. */
  readonly is_roi: boolean;
}

/** An element as the archive stores it; coordinates are (x, y, 0) in base pixels. */
export interface AnnotationElement {
  readonly id?: string;
  readonly type: string;
  /** The class. */
  readonly group?: string;
  readonly label?: { readonly value: string };
  readonly points?: readonly (readonly number[])[];
  readonly holes?: readonly (readonly (readonly number[])[])[];
  readonly closed?: boolean;
  readonly center?: readonly number[];
  readonly width?: number;
  readonly height?: number;
  readonly radius?: number;
  readonly rotation?: number;
  readonly lineColor?: string;
  readonly fillColor?: string;
  readonly lineWidth?: number;
}

export interface AnnotationDocument {
  readonly name: string;
  readonly description?: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly elements: readonly AnnotationElement[];
}

/** A document as the service sends it. */
export interface StoredAnnotation extends AnnotationDocument {
  readonly version: string;
  readonly editable: boolean;
}

/** GeoJSON of one class: `coordinates[0]` is the outer ring, the others are holes. */
export interface PolygonFeature {
  readonly geometry: { readonly coordinates: readonly (readonly (readonly number[])[])[] };
  readonly properties: { readonly class: string; readonly area_um2: number };
}

export interface PolygonCollection {
  readonly features: readonly PolygonFeature[];
}
