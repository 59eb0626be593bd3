import { mergeConfig } from "vitest/config";
import base from "./vitest.config.js";

/** What takes hours rather than minutes: every pair of faults, more kills, more runs of the model. */
export default mergeConfig(base, {
  test: {
    include: [
      "test/conformance/{faults-*,broken}.test.ts",
      "test/faults/**/*.test.ts",
      "test/model/**/*.test.ts",
      "test/operations/**/*.test.ts",
      "test/examples/{snowflake,bigquery}.test.ts",
      "test/{snowflake,bigquery}/{conformance,processes}.test.ts",
    ],
    env: { CUTOVER_LONG: "1" },
    testTimeout: 24 * 3_600_000,
  },
});
