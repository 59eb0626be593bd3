import { test } from "vitest";
import { disagreement } from "./property.js";

const seed = Number(process.env["CUTOVER_SEED"] ?? 1);
test("x", { timeout: 600_000 }, async () => {
  const t = performance.now();
  const failure = await disagreement({ seed, runs: Number(process.env["RUNS"] ?? 10), commands: 30 });
  console.log(performance.now() - t);
  if (failure !== null) throw new Error(failure.message);
});
