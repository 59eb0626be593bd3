import { defaultExclude, defineConfig, type ViteUserConfig } from "vitest/config";
import base from "./vitest.config.js";

/** All there is, unsampled: hours rather than minutes. Every pair of faults, the kit on every engine, more kills, more runs of the model. */
const config: ViteUserConfig = defineConfig({
  ...base,
  test: { ...base.test, exclude: defaultExclude, env: { CUTOVER_LONG: "1" }, testTimeout: 24 * 3_600_000 },
});

export default config;
