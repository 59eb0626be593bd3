// Runs the conformance kit on an adapter: `npm run conformance -- duckdb [--group session] [--only text] [--pairs 12|all] [--every n] [--seed n]`.
// One line a case; last, a summary as JSON. Exits with 1 when a case failed.
import { parseArgs } from "node:util";
import { type ConformanceCase, conformance, type Harness } from "cutover/conformance";
import * as z from "zod";

/** Where each adapter's harness is. */
const adapters: Readonly<Record<string, () => Promise<Harness>>> = {
  duckdb: async () => (await import("../test/conformance/harness.js")).harness(),
  // On simulators, which live as long as the process.
  snowflake: async () => (await (await import("../test/snowflake/harness.js")).simulated()).harness,
  bigquery: async () => (await (await import("../test/bigquery/harness.js")).simulated()).harness,
  postgres: async () => (await import("../examples/postgres/conformance.js")).harness,
};

const groups = ["session", "steps", "operations", "faults"] as const;
const options = z.object({
  group: z.array(z.enum(groups)).default([...groups]),
  only: z.string().default(""),
  pairs: z.union([z.literal("all"), z.coerce.number().int().min(0)]).default(12),
  every: z.coerce.number().int().min(1).default(1),
  seed: z.coerce.number().int().optional(),
});

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    group: { type: "string", multiple: true },
    only: { type: "string" },
    pairs: { type: "string" },
    every: { type: "string" },
    seed: { type: "string" },
  },
});
const [name = ""] = positionals;
const load = adapters[name];
const parsed = options.safeParse(values);
if (!parsed.success) {
  console.error(z.prettifyError(parsed.error));
  process.exit(2);
}
if (load === undefined) {
  console.error(`which adapter? there are: ${Object.keys(adapters).join(", ")}`);
  process.exit(2);
}
const { group, only, pairs, every, seed } = parsed.data;
const faults = { pairs, every, ...(seed === undefined ? {} : { seed }) };
let notes: string[] = [];
const note = (_case: ConformanceCase, text: string): number => notes.push(text);
const cases = conformance({ ...(await load()), groups: group, faults, note }).filter((c) => c.name.includes(only));

async function outcome(c: ConformanceCase): Promise<"passed" | "failed" | "skipped"> {
  if (c.skip !== false) {
    console.log(`skip  ${c.name} (${c.skip})`);
    return "skipped";
  }
  notes = [];
  const from = performance.now();
  const told = (): string => [`${Math.round(performance.now() - from)} ms`, ...notes].join(", ");
  try {
    await c.run();
    console.log(`ok    ${c.name} (${told()})`);
    return "passed";
  } catch (e) {
    console.log(`FAIL  ${c.name} (${told()})\n      ${e instanceof Error ? e.message.replaceAll("\n", "\n      ") : String(e)}`);
    return "failed";
  }
}

const count = { passed: 0, failed: 0, skipped: 0 };
for (const c of cases) count[await outcome(c)] += 1;
console.log(JSON.stringify({ adapter: name, ...count }));
process.exitCode = count.failed === 0 ? 0 : 1;
