import { defineConfig } from "vite";

/**
 * The bundle is committed and served by the daemon, so its file names are fixed (no hashes) and it
 * has no inline script or style: the page's Content-Security-Policy allows neither.
 */
export default defineConfig({
  base: "./",
  publicDir: "public",
  build: {
    outDir: "../companion/bridge/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      output: {
        entryFileNames: "overlay.js",
        chunkFileNames: "[name].js",
        assetFileNames: "[name][extname]",
      },
    },
  },
});
