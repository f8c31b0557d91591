/** Everything the viewer knows, as one immutable value. */
import type { Job, Model, Problem, Run, SlideDetail, SlideSummary } from "../api/types";
import type { Box } from "../model/box";
import type { Camera } from "../model/projection";

export type Loadable<T> =
  | { readonly status: "loading" }
  | { readonly status: "ready"; readonly value: T }
  | { readonly status: "failed"; readonly problem: Problem };

export type OverlayMode = "class" | "probability";

export interface OverlaySettings {
  readonly visible: boolean;
  readonly mode: OverlayMode;
  /** 0 to 1. */
  readonly opacity: number;
  /** 0.01 to 0.99. */
  readonly threshold: number;
  /** The class whose probability is shown; null for the run's first. */
  readonly className: string | null;
  /** Classes that the reader has switched off. */
  readonly hidden: readonly string[];
  readonly outlines: boolean;
}

export interface RegionChoice {
  readonly scope: "whole" | "drawn";
  readonly box: Box | null;
  /** The draw-rectangle tool is in hand. */
  readonly drawing: boolean;
}

export interface OpenSlide {
  readonly id: string;
  readonly detail: Loadable<SlideDetail>;
  /** Newest first. */
  readonly jobs: readonly Job[];
  /** Newest first; null until they were asked for. */
  readonly runs: readonly Run[] | null;
  readonly runId: string | null;
}

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly hint: string | null;
}

export interface AppState {
  readonly online: boolean;
  readonly slides: Loadable<readonly SlideSummary[]>;
  readonly models: Loadable<readonly Model[]>;
  /** The chosen model's reference; null until the models are known. */
  readonly model: string | null;
  readonly slide: OpenSlide | null;
  readonly camera: Camera | null;
  /** The view is close enough for outlines to be traced. */
  readonly outlinesAvailable: boolean;
  readonly region: RegionChoice;
  readonly overlay: OverlaySettings;
  /** A job was asked for and the service has not answered yet. */
  readonly submitting: boolean;
  readonly toasts: readonly Toast[];
}

export const DEFAULT_OVERLAY: OverlaySettings = {
  visible: true,
  mode: "class",
  opacity: 0.5,
  threshold: 0.5,
  className: null,
  hidden: [],
  outlines: true,
};

export const NO_REGION: RegionChoice = { scope: "whole", box: null, drawing: false };

export const INITIAL_STATE: AppState = {
  online: true,
  slides: { status: "loading" },
  models: { status: "loading" },
  model: null,
  slide: null,
  camera: null,
  outlinesAvailable: false,
  region: NO_REGION,
  overlay: DEFAULT_OVERLAY,
  submitting: false,
  toasts: [],
};
