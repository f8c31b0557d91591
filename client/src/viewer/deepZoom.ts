/** Deep zoom of one slide: OpenSeadragon, spoken to in base pixels. */
import OpenSeadragon from "openseadragon";
import type { SlideDetail } from "../api/types";
import type { Point } from "../model/box";
import type { Camera, Projection } from "../model/projection";
import type { TileAddress } from "../model/pyramid";
import { SlideTileSource } from "./slideTileSource";

export interface DeepZoomEvents {
  /** The slide was drawn at this place; called in the same frame. */
  readonly onFrame: (projection: Projection) => void;
  readonly onTileFailed: () => void;
  /** The slide was clicked there, in CSS pixels of the view; not at the end of a drag. */
  readonly onClick?: (at: Point) => void;
}

const OPTIONS: OpenSeadragon.Options = {
  // Measured on a machine without a graphics card: 41 ms a frame, where "webgl" takes 95. With a
  // card both are faster than the screen, and one layer of opaque tiles needs no shader.
  drawer: "canvas",
  // Our own controls: OpenSeadragon's are image files, and not to our taste.
  showNavigationControl: false,
  showNavigator: true,
  navigatorPosition: "BOTTOM_RIGHT",
  navigatorSizeRatio: 0.17,
  navigatorMaintainSizeRatio: true,
  navigatorAutoFade: false,
  navigatorBackground: "#141516",
  navigatorBorderColor: "#3a3d40",
  navigatorDisplayRegionColor: "#4aa3df",
  navigatorOpacity: 1,
  animationTime: 0.4,
  springStiffness: 9,
  zoomPerScroll: 1.3,
  minZoomImageRatio: 0.7,
  maxZoomPixelRatio: 8,
  visibilityRatio: 0.3,
  preserveImageSizeOnResize: true,
  // 300 ms, the default, is less than a busy machine may take between a press and its release.
  clickTimeThreshold: 1000,
  gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
  // The browser has six connections; the overlay and the event stream need theirs.
  imageLoaderLimit: 4,
  // One, the default, lets slow frames throttle the network.
  maxTilesPerFrame: 8,
  maxImageCacheCount: 400,
  tileRetryMax: 2,
  tileRetryDelay: 2000,
};

export class DeepZoom {
  private readonly viewer: OpenSeadragon.Viewer;
  private slide: SlideDetail | null = null;
  /** Where a slide that is being opened is to be looked at. */
  private wanted: Camera | null = null;

  constructor(
    host: HTMLElement,
    private readonly events: DeepZoomEvents,
    { navigator = true } = {},
  ) {
    this.viewer = OpenSeadragon({ ...OPTIONS, showNavigator: navigator, element: host });
    this.showNavigator(false);
    this.viewer.addHandler("update-viewport", () => this.reportFrame());
    this.viewer.addHandler("tile-load-failed", () => this.events.onTileFailed());
    this.viewer.addHandler("canvas-click", ({ quick, position }) => {
      if (quick) this.events.onClick?.(position);
    });
    this.viewer.addHandler("canvas-key", (event) => {
      // To OpenSeadragon letters mean to move, turn or mirror the slide; here they take tools.
      const { code } = event.originalEvent as KeyboardEvent;
      if (code.startsWith("Key")) event.preventDefaultAction = true;
    });
  }

  /** Where canvases go that lie over the slide but under the navigator. */
  get surface(): HTMLElement {
    return this.viewer.canvas;
  }

  open(slide: SlideDetail, camera: Camera | null, urlOf: (tile: TileAddress) => string): void {
    this.slide = slide;
    this.wanted = camera;
    this.viewer.addOnceHandler("open", () => {
      if (this.wanted) this.moveTo(this.wanted);
    });
    this.viewer.open({ tileSource: new SlideTileSource(slide, urlOf) });
    this.showNavigator(true);
  }

  close(): void {
    this.slide = null;
    this.viewer.close();
    this.showNavigator(false);
  }

  /** Null while no slide is on the stage. */
  get projection(): Projection | null {
    if (!this.slide || this.viewer.world.getItemCount() === 0) return null;
    const { viewport } = this.viewer;
    const bounds = viewport.getBoundsNoRotate(true);
    const { x: width, y: height } = viewport.getContainerSize();
    const base = this.slide.width;
    const scale = width / (bounds.width * base);
    return { scale, left: bounds.x * base, top: bounds.y * base, width, height };
  }

  /** @param dx how far the slide goes to the right, in CSS pixels. */
  panBy(dx: number, dy: number): void {
    const { viewport } = this.viewer;
    viewport.panBy(viewport.deltaPointsFromPixels(new OpenSeadragon.Point(-dx, -dy), true), true);
  }

  zoomBy(factor: number): void {
    this.viewer.viewport.zoomBy(factor).applyConstraints();
  }

  /** At once; the place stays where it is, in CSS pixels of the view. */
  zoomAt(factor: number, { x, y }: Point): void {
    const { viewport } = this.viewer;
    const fixed = viewport.pointFromPixel(new OpenSeadragon.Point(x, y), true);
    viewport.zoomBy(factor, fixed, true).applyConstraints(true);
  }

  home(): void {
    this.viewer.viewport.goHome();
  }

  /** Asks again for tiles that could not be had. */
  retry(): void {
    this.viewer.world.resetItems();
  }

  /** Looks from there, at once, or as soon as the slide is open. */
  moveTo(camera: Camera): void {
    this.wanted = camera;
    if (!this.slide || this.viewer.world.getItemCount() === 0) return;
    const { x, y, zoom } = camera;
    const { viewport } = this.viewer;
    const base = this.slide.width;
    viewport.zoomTo((zoom * base) / viewport.getContainerSize().x, undefined, true);
    viewport.panTo(new OpenSeadragon.Point(x / base, y / base), true);
  }

  /** An empty one is a black square. */
  private showNavigator(isShown: boolean): void {
    const navigator: OpenSeadragon.Navigator | undefined = this.viewer.navigator;
    if (navigator) navigator.element.style.visibility = isShown ? "" : "hidden";
  }

  private reportFrame(): void {
    const { projection } = this;
    if (projection) this.events.onFrame(projection);
  }
}
