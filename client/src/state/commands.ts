/** What the reader can ask for. The interface between the UI and the session. */
import type { ComparedWith, DatasetRegion, Folder } from "../api/types";
import type { Box } from "../model/box";
import type { Comparison } from "./comparison";
import type { LaunchCommands } from "./launcher";
import type { DatasetPlace, OverlaySettings, RegionChoice } from "./state";

export interface Commands {
  readonly launch: LaunchCommands;
  signIn(login: string, password: string): void;
  signOut(): void;
  /** Asks again who is there, when that could not be found out. */
  identify(): void;
  /** Goes to a collection or folder of the archive, by the way that leads there. */
  openFolder(way: readonly Folder[]): void;
  search(text: string): void;
  refreshSlides(): void;
  openSlide(id: string): void;
  chooseModel(reference: string): void;
  setScope(scope: RegionChoice["scope"]): void;
  startDrawing(): void;
  /** Ends drawing; null leaves the region as it was. */
  finishDrawing(box: Box | null): void;
  clearRegion(): void;
  segment(): void;
  /** Makes the next version of the chosen model from everybody's annotations. */
  retrain(): void;
  cancelRetraining(job: string): void;
  /** Opens the page of what models are trained on: at a data set, or at the newest. */
  openDatasets(digest: string | null): void;
  changeDatasets(change: Partial<DatasetPlace>): void;
  refreshDatasets(): void;
  /** From a region to its data set, from there to where the reader came from. */
  leaveDatasets(): void;
  closeDatasets(): void;
  turnRegion(step: 1 | -1): void;
  /** Opens the slide where the region lies. */
  goToRegion(region: DatasetRegion): void;
  cancel(job: string): void;
  retry(job: string): void;
  setReplace(replace: boolean): void;
  refreshAnnotations(): void;
  toggleAnnotation(id: string): void;
  selectRun(run: string): void;
  /** Lets a run stay, whatever its age, or go when its time has come. */
  keepRun(run: string, kept: boolean): void;
  /** Compares the run on show: with that, or with what suggests itself. */
  compare(other: ComparedWith | null): void;
  changeComparison(change: Partial<Comparison>): void;
  /** Left becomes right. */
  swapComparison(): void;
  endComparison(): void;
  adjustOverlay(change: Partial<OverlaySettings>): void;
  toggleClass(className: string): void;
  dismissToast(id: number): void;
}
