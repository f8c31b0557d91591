/** What people and models have drawn on the slide, as a list. */

export const ANNOTATIONS = {
  title: "Annotations",
  deleted: "Deleted annotations",
  look: "Look for new annotations",
  none: "Nobody has drawn on this slide yet, and no finished run has left its outlines here.",
  manage: "Rename or delete it",
  manageNamed: (name: string) => `Rename or delete ${name}`,
  drawIn: "Draw in it",
  drawInNamed: (name: string) => `Draw in ${name}`,
  tooMany: "too many to draw here",
  loading: "loading…",
} as const;
