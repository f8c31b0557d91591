/** Figures and times as people read them. */
import type { Mpp } from "../api/types";
import { COMMON } from "../words/common";
import { formatClock, formatDay, formatInteger } from "../words/language";
import { DURATIONS, PIXEL_SIZE, UNITS } from "../words/units";

export function formatPixels(width: number, height: number): string {
  return UNITS.pixels(`${formatInteger(width)} × ${formatInteger(height)}`);
}

export function formatMillimetres(width: number, height: number, mpp: Mpp): string {
  return UNITS.millimetres(`${fixed((width * mpp.x) / 1000)} × ${fixed((height * mpp.y) / 1000)}`);
}

/** "0.50 µm/px · metadata"; both figures when the pixel is not square. */
export function formatMpp(mpp: Mpp): string {
  const pitch = UNITS.micrometresPerPixel(formatPitch(mpp.x, mpp.y));
  return `${pitch} · ${PIXEL_SIZE.sources[mpp.source]}`;
}

/** One figure, or two where x and y differ by more than half a percent. */
export function formatPitch(x: number, y: number): string {
  const square = Math.abs(x - y) <= 0.005 * x;
  return square ? fixed(x) : `${fixed(x)} × ${fixed(y)}`;
}

/** Two decimals below ten, then one, then none: about three figures that mean something. */
export function fixed(value: number): string {
  if (value >= 100) return formatInteger(value);
  return value.toFixed(value >= 10 ? 1 : 2);
}

export function formatArea(mm2: number): string {
  return mm2 > 0 && mm2 < 0.01
    ? UNITS.squareMicrometres(formatInteger(mm2 * 1e6))
    : UNITS.squareMillimetres(fixed(mm2));
}

/** "0.16–0.21 mm²", "830–1 184 µm²": in the unit of the larger. */
export function formatAreas(low: number, high: number): string {
  return high > 0 && high < 0.01
    ? UNITS.squareMicrometres(`${formatInteger(low * 1e6)}–${formatInteger(high * 1e6)}`)
    : UNITS.squareMillimetres(`${fixed(low)}–${fixed(high)}`);
}

export function formatShare(share: number): string {
  return UNITS.percent((share * 100).toFixed(1));
}

/** "about 40 s", "about 3 min": an estimate has no business with odd seconds. */
export function formatEta(seconds: number): string {
  if (seconds < 10) return DURATIONS.fewSecondsLeft(Math.max(1, Math.round(seconds)));
  if (seconds < 90) return DURATIONS.secondsLeft(Math.round(seconds / 5) * 5);
  if (seconds < 5400) return DURATIONS.minutesLeft(Math.round(seconds / 60));
  return DURATIONS.hoursLeft((seconds / 3600).toFixed(1));
}

export function formatDuration(seconds: number): string {
  if (seconds < 60) return DURATIONS.seconds(Math.max(1, Math.round(seconds)));
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return DURATIONS.minutes(minutes, Math.round(seconds % 60));
  return DURATIONS.hours(Math.floor(minutes / 60), minutes % 60);
}

export function secondsBetween(start: string, end: string): number {
  return (Date.parse(end) - Date.parse(start)) / 1000;
}

/** Today's times as a time, others with their date; in the reader's own time zone. */
export function formatTime(iso: string, now: Date): string {
  const time = new Date(iso);
  const clock = formatClock(time);
  const isToday = time.toDateString() === now.toDateString();
  return isToday ? COMMON.today(clock) : COMMON.dayAndTime(formatDay(time), clock);
}
