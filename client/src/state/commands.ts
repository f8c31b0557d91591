/** What the reader can ask for. The interface between the UI and the session. */
import type { Box } from "../model/box";
import type { OverlaySettings, RegionChoice } from "./state";

export interface Commands {
  refreshSlides(): void;
  openSlide(id: string): void;
  chooseModel(reference: string): void;
  setScope(scope: RegionChoice["scope"]): void;
  startDrawing(): void;
  /** Ends drawing; null leaves the region as it was. */
  finishDrawing(box: Box | null): void;
  clearRegion(): void;
  segment(): void;
  cancel(job: string): void;
  selectRun(run: string): void;
  adjustOverlay(change: Partial<OverlaySettings>): void;
  toggleClass(className: string): void;
  dismissToast(id: number): void;
}
