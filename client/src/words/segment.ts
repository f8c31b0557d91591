/** *Segment*: with which model, which part of the slide, and why not. */

export const SEGMENT = {
  title: "Segment",
  drawnRegion: "Drawn region",
  drag: "Drag a rectangle on the slide. Esc gives up.",
  redraw: "Redraw",
  clear: "Clear",
  replace: "Replace this model's earlier layers",
  replaceTitle:
    "When the run is done, what earlier runs of this model left on the slide is deleted there. What people drew stays.",
  busy: "Segmenting…",

  noSlide: "Open a slide first.",
  notAllowed: "You may look at this slide. To segment it, ask for write access to its folder.",
  noPixelSize:
    "This slide does not say how large its pixels are, and without that a model sees everything " +
    "at a wrong size. Say it under “Check first”.",
  noRegion: "Draw a region on the slide.",
} as const;
