import { defaultServerConditions } from "vite";
import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  ssr: { resolve: { conditions: ["cutover-source", ...defaultServerConditions] } },
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
