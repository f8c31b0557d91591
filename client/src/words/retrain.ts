/** *Retrain*: the next version of a model, and whether the gate has let it through. */

/** By the service's name of a stage; whatever else it does is `starting`. */
const STAGES: Readonly<Record<string, string>> = {
  annotations: "Gathering annotations",
  compare: "Comparing with the active version",
};

export const RETRAIN = {
  title: "Retrain",
  retrain: (model: string) => `Retrain ${model}`,
  about:
    "All annotations become training data. The new version is used only if it is not worse on the locked test.",
  busy: "Retraining…",
  stages: STAGES,
  training: "Training",
  trainingEpoch: (epoch: number, of: number) => `Training, epoch ${epoch} of ${of}`,
  figures: "Figures are Dice on the locked test.",
  openDatasetBefore: "See what it is trained on",
} as const;
