/** What the service has measured of a run, where a region comes from, and files to take along. */
import type { Point } from "../model/box";
import { getJson } from "./http";
import type { Mpp } from "./types";

/** An area at the threshold, and at thresholds that are stricter and looser. */
export interface AreaOfClass {
  readonly name: string;
  readonly color: string;
  readonly area_mm2: number;
  readonly low_mm2: number;
  readonly high_mm2: number;
  readonly share: number | null;
  readonly low_share: number | null;
  readonly high_share: number | null;
}

export interface Areas {
  readonly threshold: number;
  /** How far the threshold was moved either way. */
  readonly step: number;
  /** What `low` and `high` mean, in words. */
  readonly uncertainty: string;
  readonly share_of: "tissue" | "region";
  readonly mpp: Mpp;
  readonly classes: readonly AreaOfClass[];
}

/** GeoJSON of one polygon, or of several. */
export interface Outline {
  readonly type: string;
  readonly coordinates: unknown;
}

export interface Lineage {
  readonly run: string;
  readonly model: string;
  readonly digest: string | null;
  readonly parent: string | null;
  readonly threshold: number;
  readonly created: string;
  readonly by: string;
  readonly software: string | null;
  readonly snapshot: string | null;
  readonly annotators: readonly string[] | null;
}

export interface RunRegion {
  readonly region: {
    readonly class: string;
    readonly color: string;
    readonly area_mm2: number;
    /** Mean over the region. */
    readonly probability: number;
    readonly threshold: number;
    readonly geometry: Outline | null;
  } | null;
  readonly lineage: Lineage;
}

export interface DrawnRegion {
  readonly region: {
    readonly class: string;
    readonly area_mm2: number | null;
    readonly geometry: Outline;
  } | null;
  readonly annotation: {
    readonly id: string;
    readonly name: string;
    readonly by: string;
    readonly updated: string;
    readonly run: string | null;
    readonly model: string | null;
    readonly digest: string | null;
    readonly threshold: number | null;
  } | null;
}

export type RunFile = "annotation.json" | "annotation.geojson" | "mask.tiff" | "report.html";
export type DrawnFile = "document.json" | "document.geojson";

export interface FindingsApi {
  areas(run: string, threshold: number): Promise<Areas>;
  runRegion(run: string, at: Point, threshold: number): Promise<RunRegion>;
  drawnRegion(slide: string, annotation: string, at: Point): Promise<DrawnRegion>;
  runFileUrl(run: string, file: RunFile): string;
  drawnFileUrl(annotation: string, file: DrawnFile): string;
}

const id = encodeURIComponent;

export function createFindingsApi(root: string): FindingsApi {
  const at = (relative: string): string => new URL(`api/${relative}`, root).href;
  const place = ({ x, y }: Point): string => `x=${x.toFixed(1)}&y=${y.toFixed(1)}`;
  return {
    areas: (run, threshold) => getJson(at(`runs/${id(run)}/areas?threshold=${threshold}`)),
    runRegion: (run, point, threshold) =>
      getJson(at(`runs/${id(run)}/region?${place(point)}&threshold=${threshold}`)),
    drawnRegion: (slide, annotation, point) =>
      getJson(at(`slides/${id(slide)}/drawn?${place(point)}&annotation=${id(annotation)}`)),
    runFileUrl: (run, file) => at(`runs/${id(run)}/${file}`),
    drawnFileUrl: (annotation, file) => at(`annotations/${id(annotation)}/${file}`),
  };
}
