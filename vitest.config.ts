import { defineConfig } from "vitest/config";

export default defineConfig({
  // Vite would resolve graphql to its ESM build while the libraries load the CommonJS one: two realms, one schema.
  resolve: { alias: [{ find: /^graphql$/, replacement: "graphql/index.js" }] },
  test: {
    include: ["test/**/*.test.ts", "packages/*/test/**/*.test.ts"],
    globalSetup: ["test/testkit/leftovers.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two workers, each with one registry for all its files: opening a database for every file would take longer than the tests.
    maxWorkers: 2,
    isolate: false,
  },
});
