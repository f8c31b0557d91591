/** Who agrees with whom, as the service tells of it. */
import type { Box } from "../model/box";
import { getJson, send } from "./http";
import type { CeilingFigure } from "./learn";
import type { Errand } from "./review";

export interface AgreementSummary {
  /** Of its folder. */
  readonly name: string;
  readonly made: string;
  readonly regions_count: number;
  readonly annotators_count: number;
}

export interface AgreementList {
  /** Newest first. */
  readonly agreements: readonly AgreementSummary[];
  readonly making: Errand | null;
  /** Why none can be made here. */
  readonly missing: { readonly detail: string; readonly hint: string | null } | null;
}

interface AgreementFigures {
  readonly cohen_kappa: number | null;
  /** By class. */
  readonly dice: Readonly<Record<string, number | null>>;
}

export interface AgreementPair extends AgreementFigures {
  readonly one: string;
  readonly other: string;
}

export interface AgreementPerson extends AgreementFigures {
  readonly name: string;
  readonly role: string;
  readonly rois: number;
  readonly mean_dice: number | null;
}

export interface AgreementRegion {
  readonly number: number;
  readonly name: string;
  /** Without an id in a report of an earlier version. */
  readonly slide: { readonly id: string | null; readonly name: string };
  readonly box: Box;
  readonly annotators: readonly string[];
  /** Share of the pixels on which not all are of one view. */
  readonly disputed: number;
  readonly fleiss_kappa: number | null;
  /** Its address; null where it is not there any more. */
  readonly picture: string | null;
}

/** The version that is used, and the Dice of its evaluation by class; of no class before an evaluation. */
export interface AgreementModel {
  readonly reference: string;
  readonly classes: readonly string[];
  readonly dice: Readonly<Record<string, number | null>>;
}

export interface Agreement extends AgreementSummary {
  /** The consensus of the others, which each annotator is held against. */
  readonly against: string;
  readonly classes: readonly { readonly name: string }[];
  /** The most disputed first. */
  readonly regions: readonly AgreementRegion[];
  /** Regions of one annotator, of which nothing can be said. */
  readonly alone: number;
  readonly together: { readonly fleiss_kappa: number | null };
  readonly pairs: readonly AgreementPair[];
  /** The one who agrees most with the others first. */
  readonly annotators: readonly AgreementPerson[];
  /** By class. */
  readonly ceiling: Readonly<Record<string, CeilingFigure>>;
  readonly complaints: readonly string[];
  readonly model: AgreementModel | null;
}

export interface AgreementApi {
  agreements(): Promise<AgreementList>;
  agreement(name: string): Promise<Agreement>;
  makeAgreement(): Promise<void>;
  cancelAgreement(): Promise<void>;
}

/** `root` is where the page lives, as in `createApi`. */
export function createAgreementApi(root: string): AgreementApi {
  const at = (relative: string): string => new URL(`api/agreement${relative}`, root).href;
  return {
    agreements: () => getJson(at("")),
    agreement: (name) => getJson(at(`/${encodeURIComponent(name)}`)),
    makeAgreement: async () => void (await send(at(""), { method: "POST" })),
    cancelAgreement: async () => void (await send(at("/cancel"), { method: "POST" })),
  };
}
