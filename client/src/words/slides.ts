/** The rail: which slides there are, where in the archive, and several of them at once. */

export const SLIDES = {
  title: "Slides",
  look: "Look for new slides",
  loading: "Reading the slides…",
  none:
    "There are no slides here yet. Put whole-slide images into the folder that the service was " +
    "started with, then look again.",
  noneFound: "No slide whose name begins like this, among those you may see.",
  noCollections: "The archive shows you no collections. Ask for access to one.",
  emptyFolder:
    "There are no slides in here. In the archive, a slide is an item that is a large image.",

  find: "Find a slide by its name",
  way: "Where you are",
  archive: "Archive",
} as const;

/** Several slides, chosen in the list and segmented together. */
export const BATCH = {
  choose: "Select",
  chooseTitle: "Choose several slides to segment",
  segmentSlide: (name: string) => `Segment ${name}`,
  selected: (count: number) => `${count} selected`,
  allInFolder: "All in this folder",
  none: "None",
  howToChoose:
    "Tick slides; with Shift, all between two. One that cannot be read does not stop the others.",
  withModel: (model: string) =>
    `Whole slides, with ${model}. Another model: in the panel on the right.`,
  asking: (number: number, of: number) => `Asking for ${number} of ${of}…`,
  segment: (count: number) => (count === 1 ? "Segment 1 slide" : `Segment ${count} slides`),
} as const;
