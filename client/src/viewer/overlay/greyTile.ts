/** A prediction tile: one probability per pixel, as a byte. */

export interface GreyTile {
  readonly width: number;
  readonly height: number;
  /** Row by row, 255 is certainty. Null where the whole tile is zero, as most of a slide is. */
  readonly values: Uint8Array | null;
}

/** Decodes a greyscale image. Throws `InvalidStateError` when it is none. */
export async function decodeGreyTile(image: Blob): Promise<GreyTile> {
  // Bytes are data here, not colours: the browser must not adapt them to the screen.
  const bitmap = await createImageBitmap(image, {
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
  const { width, height } = bitmap;
  const { data } = readPixels(bitmap);
  bitmap.close();
  const values = new Uint8Array(width * height);
  let any = 0;
  for (let i = 0; i < values.length; i++) {
    const value = data[i * 4] ?? 0;
    values[i] = value;
    any |= value;
  }
  return { width, height, values: any === 0 ? null : values };
}

export function tileBytes({ values }: GreyTile): number {
  return values?.byteLength ?? 0;
}

/** The probability at a pixel, 0 to 1. */
export function probabilityAt({ width, height, values }: GreyTile, x: number, y: number): number {
  if (!values) return 0;
  const column = Math.min(width - 1, Math.max(0, Math.floor(x)));
  const row = Math.min(height - 1, Math.max(0, Math.floor(y)));
  return (values[row * width + column] ?? 0) / 255;
}

let reader: OffscreenCanvasRenderingContext2D | null = null;

function readPixels(bitmap: ImageBitmap): ImageData {
  const { width, height } = bitmap;
  // One scratch canvas in main memory for all tiles: read back often, shown never.
  reader ??= new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!reader) throw new Error("this browser has no 2D canvas");
  if (reader.canvas.width < width) reader.canvas.width = width;
  if (reader.canvas.height < height) reader.canvas.height = height;
  reader.globalCompositeOperation = "copy";
  reader.drawImage(bitmap, 0, 0);
  return reader.getImageData(0, 0, width, height);
}
