/** The service's slide tiles, as OpenSeadragon asks for them. */
import OpenSeadragon from "openseadragon";
import type { SlideDetail } from "../api/types";
import type { TileAddress } from "../model/pyramid";

export class SlideTileSource extends OpenSeadragon.TileSource {
  constructor(
    slide: SlideDetail,
    private readonly urlOf: (tile: TileAddress) => string,
  ) {
    super({
      width: slide.width,
      height: slide.height,
      tileWidth: slide.tile_width,
      tileHeight: slide.tile_height,
      tileOverlap: 0,
      minLevel: 0,
      maxLevel: slide.max_zoom,
    });
  }

  override getTileUrl(z: number, x: number, y: number): string {
    return this.urlOf({ z, x, y });
  }
}
