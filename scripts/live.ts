// Runs the conformance kit on a real service: `npm run test:live -- snowflake|bigquery [--group session] [--only text]`.
// What it costs is printed last. Without credentials in the environment it says so, loudly, and ends with 0.
import { parseArgs } from "node:util";
import { conformance } from "cutover/conformance";
import * as z from "zod";
import { services } from "./services.js";

const groups = ["session", "steps", "operations", "faults"] as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { group: { type: "string", multiple: true }, only: { type: "string" } },
});
const asked = z
  .object({ group: z.array(z.enum(groups)).default(["session", "steps", "operations"]), only: z.string().default("") })
  .parse(values);

function skipped(why: string): never {
  console.log(`\n!!! SKIPPED: nothing was tested against a real service. ${why}\n`);
  process.exit(0);
}
const [name = ""] = positionals;
const service = services[name];
if (service === undefined) {
  console.error(`which service? there are: ${Object.keys(services).join(", ")}`);
  process.exit(2);
}
const { variables, needed } = service;
const found = Object.fromEntries(
  Object.entries(variables).flatMap(([option, variable]) => {
    const value = process.env[variable];
    return value === undefined || value === "" ? [] : [[option, value]];
  }),
);
const missing = needed.filter((o) => found[o] === undefined);
if (missing.length > 0) skipped(`Set ${missing.map((o) => variables[o]).join(", ")} (docs/${name}.md tells the rest).`);

const harness = await service.harness(found);
const cases = conformance({ ...harness, groups: asked.group, faults: { pairs: 0, every: 40 } }).filter((c) =>
  c.name.includes(asked.only),
);
const count = { passed: 0, failed: 0, skipped: 0 };
const started = performance.now();
for (const c of cases) {
  if (c.skip !== false) {
    count.skipped += 1;
    console.log(`skip  ${c.name} (${c.skip})`);
    continue;
  }
  const from = performance.now();
  try {
    await c.run();
    count.passed += 1;
    console.log(`ok    ${c.name} (${Math.round(performance.now() - from)} ms)`);
  } catch (e) {
    count.failed += 1;
    console.log(`FAIL  ${c.name}\n      ${e instanceof Error ? e.message.replaceAll("\n", "\n      ") : String(e)}`);
  }
}
const { cost } = harness;
console.log(
  JSON.stringify({ service: name, ...count, minutes: Math.round((performance.now() - started) / 6000) / 10, ...cost() }),
);
process.exitCode = count.failed === 0 ? 0 : 1;
