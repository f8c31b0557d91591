/** Where on the canvas a tile belongs. */
import type { Projection } from "../../model/projection";
import { downsample, type Pyramid, type TileAddress, tileBox } from "../../model/pyramid";
import type { GreyTile } from "./greyTile";
import type { Quad } from "./renderer";

/** @param ratio Device pixels per CSS pixel. */
export function placeTile(
  pyramid: Pyramid,
  tile: TileAddress,
  layers: readonly (GreyTile | null)[],
  { scale, left, top }: Projection,
  ratio: number,
): Quad {
  const [x, y, width, height] = tileBox(pyramid, tile);
  const deviceX = (base: number): number => Math.round((base - left) * scale * ratio);
  const deviceY = (base: number): number => Math.round((base - top) * scale * ratio);
  const size = downsample(pyramid, tile.z);
  const image = layers.find((layer) => layer !== null);
  // A tile at the slide's edge may be cut there or be padded to the full size: ask the image.
  return {
    left: deviceX(x),
    top: deviceY(y),
    right: deviceX(x + width),
    bottom: deviceY(y + height),
    coverX: image ? Math.min(1, width / size / image.width) : 1,
    coverY: image ? Math.min(1, height / size / image.height) : 1,
    layers,
  };
}
