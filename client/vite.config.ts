import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => ({
  // Relative, so that the service may be mounted under any path.
  base: "./",
  build: {
    outDir: "../server/histoloop/service/static",
    emptyOutDir: true,
    target: "es2022",
    // The content security policy allows no `data:` scripts or fonts; keep every asset a file.
    assetsInlineLimit: 0,
    // OpenSeadragon alone is about 350 kB minified, and the viewer is nothing without it; Clipper2,
    // which reckons with what is drawn, is another 90.
    chunkSizeWarningLimit: 750,
    // The polyfill would be an inline script; every browser with WebGL2 preloads modules.
    modulePreload: { polyfill: false },
  },
  // `HISTOLOOP_URL=http://127.0.0.1:9000 npm run dev` serves the sources over another service.
  server: {
    host: "127.0.0.1",
    proxy: { "/api": loadEnv(mode, ".", "HISTOLOOP_").HISTOLOOP_URL ?? "http://127.0.0.1:8000" },
  },
  test: {
    include: ["tests/**/*.test.ts"],
    environment: "node",
    // A test hangs or it does not; how busy the machine is says nothing about it.
    testTimeout: 60_000,
  },
}));
