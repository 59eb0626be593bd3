import { defineConfig, type Options } from "tsup";

const config: Options = {
  entry: {
    index: "src/index.ts",
    adapter: "src/adapter/index.ts",
    conformance: "src/conformance/index.ts",
    testing: "src/testing/index.ts",
    duckdb: "adapters/duckdb/index.ts",
    snowflake: "adapters/snowflake/index.ts",
    bigquery: "adapters/bigquery/index.ts",
  },
  format: ["esm"],
  target: "node20",
  platform: "node",
  splitting: true,
  sourcemap: true,
  clean: true,
  // tsup sets `baseUrl`, which TypeScript 6 calls deprecated.
  dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
  // One module graph, so that a class is the same one in every subpath.
  esbuildOptions(options) {
    options.conditions = ["cutover-source"];
  },
};

export default defineConfig(config) as Options;
