import { defineConfig } from "vitest/config";

/** Drives the real daemon with a real browser; see e2e/README.md. */
export default defineConfig({
  test: {
    environment: "node",
    include: ["e2e/**/*.e2e.ts"],
    testTimeout: 240_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
