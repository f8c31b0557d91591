/** The scale bar and the line of figures under the slide. Updated with every frame: plain DOM. */
import type { Mpp } from "../api/types";
import type { Point } from "../model/box";
import { fixed, formatPitch } from "../model/format";
import type { Projection } from "../model/projection";
import { scaleBar } from "../model/scaleBar";
import { formatInteger } from "../words/language";
import { STAGE } from "../words/stage";
import { UNITS } from "../words/units";

const BAR_ROOM_CSS_PX = 150;

export class ScaleBarView {
  private readonly bar = document.createElement("div");
  private readonly label = document.createElement("span");

  constructor(host: HTMLElement) {
    this.bar.className = "scale-bar";
    this.bar.dataset.testid = "scale-bar";
    this.bar.append(this.label);
    host.append(this.bar);
  }

  draw(projection: Projection | null, mpp: Mpp | null): void {
    this.bar.hidden = projection === null;
    if (!projection) return;
    const { label, length } = scaleBar(mpp?.x ?? null, projection.scale, BAR_ROOM_CSS_PX);
    this.label.textContent = label;
    this.bar.style.width = `${length}px`;
  }
}

export interface CursorReading {
  readonly point: Point;
  /** The shown class and its probability there, as far as known. */
  readonly probability: { readonly className: string; readonly value: number } | null;
}

export class StatusLine {
  private readonly position = document.createElement("span");
  private readonly probability = document.createElement("span");
  private readonly magnification = document.createElement("span");

  constructor(host: HTMLElement) {
    this.magnification.className = "magnification";
    this.magnification.dataset.testid = "magnification";
    this.position.dataset.testid = "cursor-position";
    host.append(this.position, this.probability, this.magnification);
  }

  draw(projection: Projection | null, mpp: Mpp | null, cursor: CursorReading | null): void {
    this.position.textContent = cursor ? positionText(cursor.point, mpp) : "";
    const reading = cursor?.probability;
    this.probability.textContent = reading
      ? STAGE.probability(reading.className, reading.value.toFixed(2))
      : "";
    this.magnification.textContent = projection ? magnificationText(projection.scale, mpp) : "";
  }
}

function positionText({ x, y }: Point, mpp: Mpp | null): string {
  const pixels = STAGE.position(formatInteger(Math.floor(x)), formatInteger(Math.floor(y)));
  if (!mpp) return pixels;
  const place = `${fixed((x * mpp.x) / 1000)}, ${fixed((y * mpp.y) / 1000)}`;
  return `${pixels}  ·  ${UNITS.millimetres(place)}`;
}

function magnificationText(scale: number, mpp: Mpp | null): string {
  if (!mpp) return STAGE.pixelsPerScreenPixel(fixed(1 / scale));
  return STAGE.micrometresPerScreenPixel(formatPitch(mpp.x / scale, mpp.y / scale));
}
