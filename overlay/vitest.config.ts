import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Files that need a document say so in their first line; the rest start much faster without.
    environment: "node",
    include: ["src/**/*.test.ts", "src/**/*.test.tsx"],
    restoreMocks: true,
  },
});
