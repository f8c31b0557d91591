/** Every call that the viewer makes, by what it is for. Nothing else in the client fetches. */
import type { Box } from "../model/box";
import type { TileAddress } from "../model/pyramid";
import { type FollowHandlers, followJob } from "./events";
import { getJson, send } from "./http";
import { type LaunchApi, launchCalls } from "./launch";
import type {
  Account,
  AnnotationDocument,
  AnnotationSummary,
  AnnotationVersion,
  ClassToDraw,
  ComparedWith,
  Dataset,
  DatasetList,
  Disagreement,
  Folder,
  Job,
  Model,
  PolygonCollection,
  Retraining,
  Run,
  SegmentRequest,
  SlideDetail,
  SlideSummary,
  StoredAnnotation,
} from "./types";

export interface Api extends LaunchApi {
  health(): Promise<void>;
  session(): Promise<Account>;
  signIn(login: string, password: string): Promise<Account>;
  signOut(): Promise<void>;
  /** The collections of an archive, or what lies in one of them. */
  folders(within: Folder | null): Promise<readonly Folder[]>;
  slides(wanted: SlideQuery): Promise<readonly SlideSummary[]>;
  annotations(slide: string): Promise<readonly AnnotationSummary[]>;
  annotation(id: string, signal?: AbortSignal): Promise<StoredAnnotation>;
  createAnnotation(slide: string, document: AnnotationDocument): Promise<AnnotationSummary>;
  /** Refused with 412 where it is of another version by now. */
  updateAnnotation(
    id: string,
    version: string,
    document: AnnotationDocument,
  ): Promise<AnnotationSummary>;
  /** Only where `version` is still the current one. */
  deleteAnnotation(id: string, version: string): Promise<void>;
  /** Those of a slide that can be brought back. */
  deletedAnnotations(slide: string): Promise<readonly AnnotationSummary[]>;
  /** Newest first. */
  annotationVersions(id: string): Promise<readonly AnnotationVersion[]>;
  /** Makes an older version the newest again; those in between stay. */
  restoreAnnotation(id: string, version: string, now: string): Promise<AnnotationSummary>;
  classesToDraw(): Promise<readonly ClassToDraw[]>;
  slide(id: string): Promise<SlideDetail>;
  models(): Promise<readonly Model[]>;
  jobs(slide: string): Promise<readonly Job[]>;
  runs(slide: string): Promise<readonly Run[]>;
  run(id: string): Promise<Run>;
  /** Lets a run stay, whatever its age, or go when its time has come. */
  keep(run: string, kept: boolean): Promise<Run>;
  segment(request: SegmentRequest): Promise<Job>;
  cancel(job: string): Promise<Job>;
  /** Runs again what failed, was cancelled or put away; it keeps what it has finished. */
  retry(job: string): Promise<Job>;
  /** The newest one, if there is any. */
  retraining(): Promise<Retraining | null>;
  retrain(model: string): Promise<Retraining>;
  cancelRetraining(job: string): Promise<Retraining>;
  /** The training snapshots of the service. */
  datasets(): Promise<DatasetList>;
  dataset(digest: string): Promise<Dataset>;
  /** A region's picture beside what is taught of it. */
  previewUrl(digest: string, region: string): string;
  focus(job: string, box: Box): Promise<void>;
  follow(job: string, handlers: FollowHandlers): () => void;
  slideTileUrl(slide: SlideDetail, tile: TileAddress): string;
  thumbnailUrl(slide: SlideSummary, width: number): string;
  /** A layer as `api/layers.ts` names it. */
  runTile(run: string, layer: string, tile: TileAddress, signal: AbortSignal): Promise<Blob>;
  disagreement(run: string, other: ComparedWith, threshold: number): Promise<Disagreement>;
  polygons(query: PolygonQuery, signal: AbortSignal): Promise<PolygonCollection>;
}

/** All slides of a folder of the machine; in an archive those of a folder, or found by name. */
export interface SlideQuery {
  readonly folder?: string;
  readonly search?: string;
}

export interface PolygonQuery {
  readonly run: string;
  readonly className: string;
  readonly box: Box;
  readonly threshold: number;
}

const id = encodeURIComponent;
const path = ({ z, x, y }: TileAddress): string => `${z}/${x}/${y}`;

/** `root` is where the page lives, so that the service works below any path prefix. */
export function createApi(root: string): Api {
  const at = (relative: string): string => new URL(`api/${relative}`, root).href;
  const post = async <T = Job>(relative: string, body?: unknown): Promise<T> => {
    const response = await send(at(relative), { method: "POST", body });
    return (await response.json()) as T;
  };
  return {
    ...launchCalls(at),
    health: async () => void (await send(at("health"))),
    session: () => getJson(at("session")),
    signIn: (login, password) => post("session", { login, password }),
    signOut: async () => void (await send(at("session"), { method: "DELETE" })),
    folders: async (within) => {
      const query = within ? `?within=${id(within.id)}&kind=${within.kind}` : "";
      return (await getJson<{ folders: Folder[] }>(at(`folders${query}`))).folders;
    },
    slides: async (wanted) => {
      const query = new URLSearchParams({ ...wanted });
      return (await getJson<{ slides: SlideSummary[] }>(at(`slides?${query}`))).slides;
    },
    annotations: async (slide) => {
      const url = at(`slides/${id(slide)}/annotations`);
      return (await getJson<{ annotations: AnnotationSummary[] }>(url)).annotations;
    },
    annotation: (annotation, signal) => getJson(at(`annotations/${id(annotation)}`), signal),
    createAnnotation: (slide, document) => post(`slides/${id(slide)}/annotations`, document),
    updateAnnotation: async (annotation, version, body) => {
      const options = { method: "PUT", body, ifMatch: version } as const;
      return (await send(at(`annotations/${id(annotation)}`), options)).json();
    },
    deleteAnnotation: async (annotation, version) =>
      void (await send(at(`annotations/${id(annotation)}`), {
        method: "DELETE",
        ifMatch: version,
      })),
    deletedAnnotations: async (slide) => {
      const url = at(`slides/${id(slide)}/annotations?deleted=true`);
      return (await getJson<{ annotations: AnnotationSummary[] }>(url)).annotations;
    },
    annotationVersions: (annotation) => getJson(at(`annotations/${id(annotation)}/versions`)),
    restoreAnnotation: async (annotation, version, now) => {
      const url = at(`annotations/${id(annotation)}/versions/${id(version)}/restore`);
      return (await send(url, { method: "POST", ifMatch: now })).json();
    },
    classesToDraw: () => getJson(at("classes")),
    slide: (slide) => getJson(at(`slides/${id(slide)}`)),
    models: async () => (await getJson<{ models: Model[] }>(at("models"))).models,
    jobs: async (slide) => (await getJson<{ jobs: Job[] }>(at(`jobs?slide=${id(slide)}`))).jobs,
    runs: async (slide) => (await getJson<{ runs: Run[] }>(at(`runs?slide=${id(slide)}`))).runs,
    run: (run) => getJson(at(`runs/${id(run)}`)),
    keep: async (run, kept) =>
      (await send(at(`runs/${id(run)}/kept`), { method: "PUT", body: { kept } })).json(),
    segment: (request) => post("jobs", { kind: "segment", ...request }),
    cancel: (job) => post(`jobs/${id(job)}/cancel`),
    retry: (job) => post(`jobs/${id(job)}/retry`),
    retraining: async () => {
      const { jobs } = await getJson<{ jobs: Retraining[] }>(at("jobs?kind=retrain&limit=1"));
      return jobs[0] ?? null;
    },
    retrain: (model) => post("jobs", { kind: "retrain", model }),
    cancelRetraining: (job) => post(`jobs/${id(job)}/cancel`),
    datasets: () => getJson(at("datasets")),
    dataset: (digest) => getJson(at(`datasets/${id(digest)}`)),
    previewUrl: (digest, region) => at(`datasets/${id(digest)}/previews/${id(region)}`),
    focus: async (job, box) =>
      void (await send(at(`jobs/${id(job)}/focus`), { method: "PUT", body: { box } })),
    follow: (job, handlers) => followJob(at(`jobs/${id(job)}/events`), handlers),
    // With the fingerprint, a browser does not show what it has kept of a slide that was replaced.
    slideTileUrl: (slide, tile) =>
      at(`slides/${id(slide.id)}/tiles/${path(tile)}?of=${id(slide.fingerprint)}`),
    thumbnailUrl: (slide, width) => at(`slides/${id(slide.id)}/thumbnail?width=${width}`),
    runTile: async (run, layer, tile, signal) => {
      const [where, query] = layer.split("?");
      const address = `runs/${id(run)}/${where}/${path(tile)}?${query}`;
      return (await send(at(address), { signal })).blob();
    },
    disagreement: (run, other, threshold) => {
      const query = `${other.kind}=${id(other.id)}&threshold=${threshold}`;
      return getJson(at(`runs/${id(run)}/disagreement?${query}`));
    },
    polygons: ({ run, className, box, threshold }, signal) => {
      const query = `box=${box.join(",")}&threshold=${threshold}&class=${id(className)}`;
      return getJson(at(`runs/${id(run)}/polygons?${query}`), signal);
    },
  };
}
