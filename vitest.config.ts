import { defaultServerConditions } from "vite";
import { defineConfig, type ViteUserConfig } from "vitest/config";

// "module" is passed on to node, where the dependencies of snowflake-sdk have no such entry that runs.
const conditions = ["cutover-source", ...defaultServerConditions.filter((c) => c !== "module")];

const config: ViteUserConfig = defineConfig({
  ssr: { resolve: { conditions } },
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["default", "./test/line-reporter.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    typecheck: { include: ["test/types/**/*.test-d.ts"] },
    coverage: { provider: "v8", include: ["src/**", "adapters/**"], reporter: ["text-summary", "json-summary"] },
  },
});

export default config;
