/** Numbers and times as people read them. English, with a thin no-break space in thousands. */
import type { Mpp } from "../api/types";

const SOURCES: Record<Mpp["source"], string> = {
  metadata: "metadata",
  user: "set by you",
  assumed: "assumed",
};

export function formatInteger(value: number): string {
  return Math.round(value).toLocaleString("en").replaceAll(",", "\u202f");
}

export function formatPixels(width: number, height: number): string {
  return `${formatInteger(width)} × ${formatInteger(height)} px`;
}

export function formatMillimetres(width: number, height: number, mpp: Mpp): string {
  return `${fixed((width * mpp.x) / 1000)} × ${fixed((height * mpp.y) / 1000)} mm`;
}

/** "0.50 µm/px · metadata"; both figures when the pixel is not square. */
export function formatMpp(mpp: Mpp): string {
  return `${formatPitch(mpp.x, mpp.y)} µm/px · ${SOURCES[mpp.source]}`;
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
  return mm2 > 0 && mm2 < 0.01 ? `${formatInteger(mm2 * 1e6)} µm²` : `${fixed(mm2)} mm²`;
}

/** "0.16–0.21 mm²", "830–1 184 µm²": in the unit of the larger. */
export function formatAreas(low: number, high: number): string {
  return high > 0 && high < 0.01
    ? `${formatInteger(low * 1e6)}–${formatInteger(high * 1e6)} µm²`
    : `${fixed(low)}–${fixed(high)} mm²`;
}

export function formatShare(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** "about 40 s", "about 3 min": an estimate has no business with odd seconds. */
export function formatEta(seconds: number): string {
  if (seconds < 10) return `${Math.max(1, Math.round(seconds))} s left`;
  if (seconds < 90) return `about ${Math.round(seconds / 5) * 5} s left`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min left`;
  return `about ${(seconds / 3600).toFixed(1)} h left`;
}

export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function secondsBetween(start: string, end: string): number {
  return (Date.parse(end) - Date.parse(start)) / 1000;
}

/** Today's times as a time, others with their date; in the reader's own time zone. */
export function formatTime(iso: string, now: Date): string {
  const time = new Date(iso);
  const clock = time.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (time.toDateString() === now.toDateString()) return `today ${clock}`;
  const day = time.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
  return `${day}, ${clock}`;
}
