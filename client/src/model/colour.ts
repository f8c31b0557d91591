/**
 * From probability to colour.
 *
 * Tiles carry a probability as a byte. A lookup table of 256 RGBA colours makes the threshold and
 * the colour map free: no tile is fetched again, no job run again.
 */

export type Rgb = readonly [red: number, green: number, blue: number];

/** 256 RGBA colours, not premultiplied. */
export type Lut = Uint8ClampedArray<ArrayBuffer>;

/**
 * Viridis at 25 even stops (van der Walt & Smith 2015, matplotlib); between them linear, which is
 * within 3/255 of the original. Chosen over magma because its greens and yellows stand out from
 * haematoxylin and eosin, where magma's purples and pinks drown in the stain.
 */
const VIRIDIS =
  "440154471063481f70472d7b4439834046883b528b365d8d31688e2c728e287c8e24868e21918c" +
  "1f9a8a20a48628ae8035b77948c16e5ec96275d05490d743addc30c8e020e5e419fde725";

/** Below the threshold the heat is only hinted at, so that the eye finds what counts. */
const FAINTEST = 0.3;

export function parseColour(hex: string): Rgb {
  const value = /^#[0-9a-f]{6}$/i.test(hex) ? Number.parseInt(hex.slice(1), 16) : 0x808080;
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/**
 * The smallest byte that counts as at or above `threshold`.
 *
 * The nudge undoes binary fractions: 0.07 × 255 / 255 must not fall short of 0.07.
 */
export function thresholdByte(threshold: number): number {
  return Math.ceil(threshold * 255 - 1e-9);
}

/** A point of the colour map, `t` from 0 to 1. */
export function viridis(t: number): Rgb {
  const position = Math.min(1, Math.max(0, t)) * (VIRIDIS.length / 6 - 1);
  const lower = Math.min(Math.floor(position), VIRIDIS.length / 6 - 2);
  const [a, b] = [stop(lower), stop(lower + 1)];
  const mix = (i: 0 | 1 | 2): number => Math.round(a[i] + (b[i] - a[i]) * (position - lower));
  return [mix(0), mix(1), mix(2)];
}

function stop(index: number): Rgb {
  return parseColour(`#${VIRIDIS.slice(index * 6, index * 6 + 6)}`);
}

/** The class's colour from the threshold on, nothing below it. */
export function classLut(colour: Rgb, threshold: number): Lut {
  const first = thresholdByte(threshold);
  return lutOf((byte) => [...colour, byte >= first ? 255 : 0]);
}

/** Viridis throughout; opaque from the threshold on, faint below it, nothing at zero. */
export function heatLut(threshold: number): Lut {
  const first = thresholdByte(threshold);
  return lutOf((byte) => {
    const alpha = byte >= first ? 1 : FAINTEST * (byte / first);
    return [...viridis(byte / 255), Math.round(255 * alpha)];
  });
}

function lutOf(colourOf: (byte: number) => readonly [number, number, number, number]): Lut {
  const lut = new Uint8ClampedArray(256 * 4);
  for (let byte = 0; byte < 256; byte++) lut.set(colourOf(byte), byte * 4);
  return lut;
}

/**
 * Blue to yellow through grey, as cividis runs (Nuñez 2018): people with any kind of colour vision
 * see the same order. The surer a place is, the clearer it is: the eye goes where doubt is.
 */
const CERTAIN: Rgb = [0, 50, 110];
const DOUBTFUL: Rgb = [253, 231, 55];

export function doubtLut(): Lut {
  return lutOf((byte) => [...doubt(byte / 255), byte]);
}

function doubt(t: number): Rgb {
  const mix = (i: 0 | 1 | 2): number => Math.round(CERTAIN[i] + (DOUBTFUL[i] - CERTAIN[i]) * t);
  return [mix(0), mix(1), mix(2)];
}

/** A CSS gradient of the colour map, for the legend. */
export function viridisGradient(): string {
  return gradient(viridis);
}

export function doubtGradient(): string {
  return gradient(doubt);
}

function gradient(colourAt: (t: number) => Rgb): string {
  const stops = Array.from({ length: 9 }, (_, i) => `rgb(${colourAt(i / 8).join(" ")})`);
  return `linear-gradient(to right, ${stops.join(", ")})`;
}
