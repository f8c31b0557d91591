/** What the page of the data sets shows, after all that can happen to it. Pure. */
import type { Dataset, DatasetList, DatasetRegion, SlideDetail } from "../api/types";
import type { DatasetPage, DatasetPlace, Loadable } from "./state";

export type DatasetAction =
  /** Opens the page there, or goes there; null closes it. */
  | { readonly type: "datasetPlace"; readonly place: DatasetPlace | null }
  | { readonly type: "datasetList"; readonly list: Loadable<DatasetList> }
  | { readonly type: "dataset"; readonly digest: string; readonly dataset: Loadable<Dataset> }
  | { readonly type: "datasetSlide"; readonly id: string; readonly slide: Loadable<SlideDetail> };

const LOADING = { status: "loading" } as const;

export function reduceDatasets(
  page: DatasetPage | null,
  action: DatasetAction,
): DatasetPage | null {
  if (action.type === "datasetPlace") return action.place && wentTo(page, action.place);
  // An answer may come after the reader went on: then it is nobody's.
  if (!page) return null;
  switch (action.type) {
    case "datasetList":
      return { ...page, list: action.list };
    case "dataset":
      return action.digest === page.place.digest ? { ...page, dataset: action.dataset } : page;
    case "datasetSlide":
      return action.id === shownRegion(page)?.slide.id ? { ...page, slide: action.slide } : page;
  }
}

function wentTo(page: DatasetPage | null, place: DatasetPlace): DatasetPage {
  const { list = LOADING, dataset = LOADING, slide = LOADING } = page ?? {};
  const same = page?.place.digest === place.digest;
  return {
    place,
    list,
    dataset: same ? dataset : LOADING,
    slide: same && page?.place.region === place.region ? slide : LOADING,
  };
}

/** The region that is looked at on its own. */
export function shownRegion({ dataset, place }: DatasetPage): DatasetRegion | null {
  if (dataset.status !== "ready") return null;
  return dataset.value.rois.find(({ name }) => name === place.region) ?? null;
}

/** Those of the chosen split. */
export function regionsOf({ dataset, place }: DatasetPage): readonly DatasetRegion[] {
  if (dataset.status !== "ready") return [];
  return dataset.value.rois.filter(({ split }) => place.split === null || split === place.split);
}

/** The region so many further on among those of the split; null beyond the last. */
export function neighbour(page: DatasetPage, step: 1 | -1): DatasetRegion | null {
  const regions = regionsOf(page);
  const index = regions.findIndex(({ name }) => name === page.place.region);
  return index < 0 ? null : (regions[index + step] ?? null);
}
