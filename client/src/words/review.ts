/** The review queue: regions that the model is unsure of, and what people say of them. */
import type { Verdict } from "../api/review";
import { COUNTS } from "./common";

/** "" where nobody knows. */
const byWhom = (who: string) => (who ? ` by ${who}` : "");

const SAID: Readonly<Record<Verdict, string>> = {
  accept: "accepted",
  fix: "to fix",
  skip: "skipped",
};

export const REVIEW = {
  title: "Review queue",
  note: "What the model is unsure of",
  loadingQueues: "Reading the queues…",
  loadingQueue: "Reading the queue…",
  leastSure: (model: string) => `What ${model} is least sure of, first.`,
  queue: "Queue",
  queueOption: (name: string, said: number, regions: number) => `${name} (${said} of ${regions})`,

  goneThroughBar: "Regions gone through",
  goneThrough: (said: number, regions: number) => `${said} of ${regions} gone through`,
  hidden: (regions: number) => `${regions} on slides that you may not see`,
  reviewed: "Reviewed",
  area: "Area",
  modelDice: "Model’s Dice",
  open: (regions: number) => `${COUNTS.regions(regions)} still to fix.`,

  noRegion: "The queue has no region that you may see.",
  verdicts: {
    accept: {
      name: "Accept",
      title: "The model is right: its outline becomes your annotation of this region",
    },
    fix: {
      name: "Fix",
      title: "Nearly right: its outline becomes your annotation, and the drawing tools open it",
    },
    skip: { name: "Skip", title: "Say nothing of this region" },
  },
  /** Under a region: what was said of it and, where that is known, by whom. */
  arrows: "Arrow keys lead to the other regions.",
  correctedHere: (who: string, dice: string) =>
    `Corrected${byWhom(who)}: Dice of the model here ${dice}.`,
  saidHere: {
    accept: (who: string) => `Accepted${byWhom(who)}.`,
    fix: (who: string) =>
      `To fix${byWhom(who)}: correct it with the tools beside the slide, then → leads on. F opens it again.`,
    skip: (who: string) => `Skipped${byWhom(who)}.`,
  },
  /** Under a picture of the strip. */
  said: SAID,
  correctedSince: "corrected",

  regions: "Regions of the queue",
  picture: (number: number) => `Region ${number} with the model’s outline`,

  looking: "Looking for regions",
  lookingNow: (stage: string) => (stage ? `Looking for regions: ${stage}` : "Looking for regions…"),
  none:
    "There is no queue yet. It ranks all tissue that nobody has outlined: first comes what the " +
    "model is least sure of.",
  command: "histoloop dataset review --source SLIDES --gtcodes GTCodes.csv --out HOME/review/NAME",
  look: "Look for regions",
  makeNew: "Make a new queue",
} as const;
