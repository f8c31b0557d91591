/**
 * The overlay without WebGL2 (remote desktops, locked-down machines): tiles are coloured through
 * a table on the CPU, once per style, and drawn as images.
 */
import { classLut, type Lut, thresholdByte } from "../../model/colour";
import type { GreyTile } from "./greyTile";
import type { OverlayRenderer, OverlayStyle, Quad } from "./renderer";

type ClassStyle = Extract<OverlayStyle, { mode: "class" }>;

interface Coloured {
  readonly style: OverlayStyle;
  readonly layers: readonly (GreyTile | null)[];
  readonly image: OffscreenCanvas;
}

export function createCanvasRenderer(canvas: HTMLCanvasElement): OverlayRenderer {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser has no 2D canvas");
  return new CanvasRenderer(context);
}

class CanvasRenderer implements OverlayRenderer {
  /** By the first layer's tile: a quad's layers come and go together. */
  private readonly coloured = new WeakMap<GreyTile, Coloured>();

  constructor(private readonly context: CanvasRenderingContext2D) {}

  draw(quads: readonly Quad[], style: OverlayStyle): void {
    const { context } = this;
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    for (const quad of quads) this.drawQuad(quad, style);
  }

  forget(tile: GreyTile): void {
    this.coloured.delete(tile);
  }

  private drawQuad(quad: Quad, style: OverlayStyle): void {
    const { left, top, coverX, coverY } = quad;
    const [width, height] = [quad.right - left, quad.bottom - top];
    this.context.clearRect(left, top, width, height);
    const image = this.imageOf(quad.layers, style);
    if (!image) return;
    const [sourceWidth, sourceHeight] = [image.width * coverX, image.height * coverY];
    this.context.drawImage(image, 0, 0, sourceWidth, sourceHeight, left, top, width, height);
  }

  private imageOf(layers: Quad["layers"], style: OverlayStyle): OffscreenCanvas | null {
    const size = layers.find((tile) => tile?.values);
    if (!size) return null;
    const key = layers.find((tile) => tile !== null) ?? size;
    const known = this.coloured.get(key);
    if (known?.style === style && sameLayers(known.layers, layers)) return known.image;
    const image = known?.image ?? new OffscreenCanvas(size.width, size.height);
    paint(image, size, layers, style);
    this.coloured.set(key, { style, layers, image });
    return image;
  }
}

function sameLayers(a: Quad["layers"], b: Quad["layers"]): boolean {
  return a.length === b.length && a.every((tile, index) => tile === b[index]);
}

function paint(
  image: OffscreenCanvas,
  { width, height }: GreyTile,
  layers: Quad["layers"],
  style: OverlayStyle,
): void {
  const pixels = new ImageData(width, height);
  const out = new Uint32Array(pixels.data.buffer);
  if (style.mode === "class" && layers.length > 1) paintLikeliest(out, layers, style);
  else paintThrough(out, layers[0] ?? null, lutOf(style));
  image.getContext("2d")?.putImageData(pixels, 0, 0);
}

function lutOf(style: OverlayStyle): Lut {
  if (style.mode === "probability") return style.lut;
  return lutOfClass(style, 0, style.threshold);
}

/** A hidden class is clear at every probability. */
function lutOfClass({ colours }: ClassStyle, layer: number, threshold: number): Lut {
  const colour = colours[layer];
  return colour ? classLut(colour, threshold) : new Uint8ClampedArray(256 * 4);
}

function paintThrough(out: Uint32Array, tile: GreyTile | null, lut: Lut): void {
  const values = tile?.values;
  if (!values) return;
  const table = new Uint32Array(lut.buffer);
  for (let i = 0; i < out.length; i++) out[i] = table[values[i] ?? 0] ?? 0;
}

function paintLikeliest(out: Uint32Array, layers: Quad["layers"], style: ClassStyle): void {
  const first = thresholdByte(style.threshold);
  const best = new Uint8Array(out.length).fill(first - 1);
  layers.forEach((tile, layer) => {
    const values = tile?.values;
    if (!values) return;
    const colour = new Uint32Array(lutOfClass(style, layer, 0).buffer)[255] ?? 0;
    for (let i = 0; i < out.length; i++) {
      const value = values[i] ?? 0;
      if (value <= (best[i] ?? 0)) continue;
      best[i] = value;
      out[i] = colour;
    }
  });
}
