/** The page of the agreement: how far people agree, where they differ, and what that means. */
import { COMMON, COUNTS } from "./common";
import { plural } from "./language";

export const AGREEMENT = {
  title: "Agreement",
  note: "Who agrees with whom",
  loadingReports: "Reading the reports…",
  loadingReport: "Reading the report…",
  reports: "Reports",

  none:
    "Nobody has compared the annotators yet. Where two people or more have labelled the same region, it " +
    "shows how far each agrees with the others, where they differ, and how good a model can be shown " +
    "to be at all.",
  whatCounts:
    "A region counts for everybody who has outlined it as an ROI in a layer of their own. Where somebody " +
    "outlines an ROI and draws nothing else in it, it counts for all who draw in it.",
  command:
    "histoloop dataset agreement --source SLIDES --gtcodes GTCodes.csv --out HOME/agreement/NAME",
  compare: "Compare the annotators",
  compareAgain: "Compare again",
  comparing: "Comparing",
  comparingNow: (stage: string) => (stage ? `Comparing: ${stage}` : COMMON.comparing),
  toCompareAgain: (hint: string | null) => `To compare again: ${hint}.`,

  ceiling: "How well people agree, and the model",
  contested: "Where they differ most",
  againstOthers: (consensus: string) => `Each against the others (${consensus})`,
  shared: (regions: number) => `${COUNTS.regions(regions)} that two or more have labelled`,
  alone: (regions: number) => `${COUNTS.regions(regions)} of one, of which nothing can be said`,
  kappaOfAll: (kappa: string) => `Fleiss’ κ of all ${kappa}`,

  peopleDice: "People, Dice",
  lowestToHighest: "Lowest to highest",
  whatItMeans: "What it means",
  aboutCeiling:
    "People: the mean over persons, each against the consensus of the others. It is the " +
    "ceiling: with such labels for truth no model can be shown to do better. The model’s Dice is that of its " +
    "evaluation, on other regions than these.",

  aboutContested:
    "Left the tissue; right where they differ: pale yellow where one differs from " +
    "many, red where half do. Talk these through before more is labelled.",
  lessDisputed: (regions: number) => `${plural(regions, "more region")}, less disputed`,
  disputed: (share: string) => `${share} disputed`,
  kappa: (kappa: string) => `Fleiss’ κ ${kappa}`,
  picture: (region: string, annotators: string) =>
    `${region}: the tissue, and where ${annotators} differ`,
  slideUnknown: (slide: string) => `${slide}; compare again to be led there.`,

  pairFigure: "Figure of the pairs",
  pairFigures: "Figures of all pairs",
  cohen: "Cohen’s κ, all classes",
  diceOf: (name: string) => `Dice, ${name}`,
  pair: (one: string, other: string) => `${one} and ${other}`,
  nothingShared: (one: string, other: string) => `${one} and ${other} have labelled no region both`,
  aboutKappa: "κ is 1 where both always agree, 0 where they agree as by chance.",
  aboutDice: (name: string) =>
    `Dice is 1 where both outline the same as ${name}, 0 where their outlines share nothing.`,
  bothLabelled: "Only pixels count that both have labelled.",

  personFigures: "Figures of each annotator",
  annotator: "Annotator",
  role: "Role",
  meanDice: "Mean Dice",
  kappaColumn: "κ",
} as const;

/** What the figures of one class say about what to do next. */
export const MEANING = {
  notDrawn: "Nobody has drawn it where another could have: what people agree on is not known.",
  onePerson: "One person alone: what people agree on is not known.",
  noModel: "There is no model to compare.",
  unknownClass: (model: string) => `${model} does not know this class.`,
  notMeasured: (model: string) => `How good ${model} is was not measured here: evaluate it first.`,
  below: (model: string, short: string) =>
    `${model} is ${short} below what people reach: more regions, or corrected ones, can still show.`,
  reached: (model: string) =>
    `${model} is as good as people agree. More labels of this kind cannot show it to be better: settle what is disputed first.`,
} as const;
