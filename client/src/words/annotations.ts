/** What people and models have drawn on the slide: the list, and what is done with one of it. */

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

/** Renaming, deleting and bringing back. */
export const MANAGE = {
  name: "Name",
  rename: "Rename",
  delete: "Delete",
  deleteAsks: "Delete…",
  deleteQuestion: (name: string, elements: string) => `Delete “${name}” with its ${elements}?`,
  drawnByOther: (who: string) => `${who} has drawn it, not you.`,
  canBeBroughtBack: `It can be brought back under “${ANNOTATIONS.deleted}”, with all its versions.`,
  noneDeleted: "Nothing was deleted from this slide.",
  bringBack: "Bring back",

  deleted: (name: string) => `“${name}” was deleted. “${ANNOTATIONS.deleted}” brings it back.`,
  back: (name: string) => `“${name}” is back.`,
  unsaved: (name: string) =>
    `“${name}” is not saved yet: nothing was changed. Try again when it is.`,
  changedElsewhere: (name: string) =>
    `“${name}” was changed elsewhere meanwhile: nothing was done. Look again.`,
} as const;
