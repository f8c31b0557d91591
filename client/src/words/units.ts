/** Units, and how a figure stands with one. Figures come as they are to be read. */

export const UNITS = {
  pixels: (figure: string) => `${figure} px`,
  squarePixels: (figure: string) => `${figure} px²`,
  micrometres: (figure: string) => `${figure} µm`,
  millimetres: (figure: string) => `${figure} mm`,
  squareMicrometres: (figure: string) => `${figure} µm²`,
  squareMillimetres: (figure: string) => `${figure} mm²`,
  micrometresPerPixel: (figure: string) => `${figure} µm/px`,
  percent: (figure: string) => `${figure} %`,
  tilesPerSecond: (figure: string) => `${figure} tiles/s`,

  /** From a byte on, each a thousand times the one before it. */
  bytes: ["B", "kB", "MB", "GB", "TB"],
} as const;

export const DURATIONS = {
  seconds: (seconds: number) => `${seconds} s`,
  minutes: (minutes: number, seconds: number) => `${minutes} min ${seconds} s`,
  hours: (hours: number, minutes: number) => `${hours} h ${minutes} min`,
  about: (duration: string) => `about ${duration}`,

  fewSecondsLeft: (seconds: number) => `${seconds} s left`,
  secondsLeft: (seconds: number) => `about ${seconds} s left`,
  minutesLeft: (minutes: number) => `about ${minutes} min left`,
  hoursLeft: (hours: string) => `about ${hours} h left`,
} as const;

/** Who says how large a pixel is. */
export const PIXEL_SIZE = {
  sources: { metadata: "metadata", user: "set by you", assumed: "assumed" },
  assumed: "pixel size assumed",
  setByYou: "pixel size set by you",
} as const;
