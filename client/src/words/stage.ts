/** The slide itself: what stands over, under and around it. */

import { DRAWING } from "./drawing";
import { SLIDES } from "./slides";

/** How the parts of `index.html` are called, by their id, to who cannot see them. */
export const LANDMARKS: Readonly<Record<string, string>> = {
  rail: SLIDES.title,
  "draw-tools": DRAWING.tools,
  zoom: "Zoom",
  measure: "Measure",
  panel: "Segmentation",
};

export const STAGE = {
  choose: "Choose a slide on the left.",
  chooseInArchive: "Open a collection on the left and choose a slide, or find it by its name.",
  opening: "Opening the slide…",

  zoomIn: "Zoom in",
  zoomOut: "Zoom out",

  measureLength: "Measure a length (Esc ends)",
  measureArea: "Measure an area (Esc ends)",
  /** Of a measured area and its rim. */
  around: (area: string, length: string) => `${area} · around ${length}`,

  /** In the line under the slide; figures in base pixels. */
  position: (x: string, y: string) => `x ${x}  y ${y} px`,
  probability: (name: string, value: string) => `p(${name}) ${value}`,
  pixelsPerScreenPixel: (figure: string) => `${figure} slide px per screen px`,
  micrometresPerScreenPixel: (figure: string) => `${figure} µm per screen px`,

  pictureFile: (slide: string | undefined) => `${slide ?? "slide"} view.png`,
  windowTitle: (slide: string, product: string) => `${slide} · ${product}`,
} as const;
