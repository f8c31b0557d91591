/** The language's own manners: its name, its numbers, its plurals and its dates. */

export const LANGUAGE = {
  /** BCP 47, for the page. */
  tag: "en",
  numbers: "en",
  /** The day before the month, 24 hours. */
  dates: "en-GB",
} as const;

/** Words around something that is no plain text, in the language's order, for a template to render. */
export type Parts<T> = readonly (string | T)[];

/** With a thin no-break space in thousands. */
export function formatInteger(value: number): string {
  return Math.round(value).toLocaleString(LANGUAGE.numbers).replaceAll(",", "\u202f");
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatInteger(count)} ${count === 1 ? one : many}`;
}

/** "12 May 2026" */
export function formatDay(day: Date): string {
  const style = { day: "numeric", month: "short", year: "numeric" } as const;
  return day.toLocaleDateString(LANGUAGE.dates, style);
}

/** "14:05" */
export function formatClock(time: Date): string {
  return time.toLocaleTimeString(LANGUAGE.dates, { hour: "2-digit", minute: "2-digit" });
}
