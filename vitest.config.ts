import { defaultServerConditions } from "vite";
import { defaultExclude, defineConfig, type ViteUserConfig } from "vitest/config";
import { inTurn } from "./test/support/long.js";

// "module" is passed on to node, where the dependencies of snowflake-sdk have no such entry that runs.
const conditions = ["cutover-source", ...defaultServerConditions.filter((c) => c !== "module")];

/** Engines' own tests that take long: one of these groups in each run, by the day. `npm run test:long` has all of them. */
const groups = [
  ["test/snowflake/{sessions,interrupted,processes}.test.ts", "test/bigquery/{bad-tables,partitions}.test.ts"],
  ["test/bigquery/{view,jobs,processes}.test.ts"],
  ["test/snowflake/bad-{tables,input}.test.ts", "test/bigquery/bad-input.test.ts", "test/simulators/snowflake/faults.test.ts"],
];

const config: ViteUserConfig = defineConfig({
  ssr: { resolve: { conditions } },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [...defaultExclude, ...groups.filter((_, i) => !inTurn(i, groups.length)).flat()],
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
