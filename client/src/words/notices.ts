/** What is said when the service does not do what it was asked for. */

const gone = "The service does not answer";
const trying = "Trying again…";

export const NOTICES = {
  gone,
  goneSentence: `${gone}.`,
  goneTrying: `${gone}. ${trying}`,
  trying,
  /** Where it gives no reason. */
  answered: (status: number, text: string) => `The service answered ${status} ${text}`.trim(),
} as const;
