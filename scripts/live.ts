// Runs the conformance kit on a real account: `npm run test:live -- snowflake [--group session] [--only text]`.
// What it costs is printed last. Without credentials in the environment it says so, loudly, and ends with 0.
import { parseArgs } from "node:util";
import { conformance } from "cutover/conformance";
import * as z from "zod";
import { capabilities } from "../adapters/snowflake/capabilities.js";
import { harnessIn } from "../test/snowflake/harness.js";

const groups = ["session", "steps", "operations", "faults"] as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { group: { type: "string", multiple: true }, only: { type: "string" } },
});
const asked = z
  .object({ group: z.array(z.enum(groups)).default(["session", "steps", "operations"]), only: z.string().default("") })
  .parse(values);

/** The environment variables that hold an account, by the option of `snowflake()`. */
const variables = {
  account: "SNOWFLAKE_ACCOUNT",
  username: "SNOWFLAKE_USER",
  password: "SNOWFLAKE_PASSWORD",
  token: "SNOWFLAKE_TOKEN",
  privateKeyPath: "SNOWFLAKE_PRIVATE_KEY_PATH",
  privateKeyPass: "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE",
  authenticator: "SNOWFLAKE_AUTHENTICATOR",
  accessUrl: "SNOWFLAKE_ACCESS_URL",
  database: "SNOWFLAKE_DATABASE",
  warehouse: "SNOWFLAKE_WAREHOUSE",
  role: "SNOWFLAKE_ROLE",
} as const;
const found = Object.fromEntries(
  Object.entries(variables).flatMap(([option, name]) => {
    const value = process.env[name];
    return value === undefined || value === "" ? [] : [[option, value]];
  }),
);

function skipped(why: string): never {
  console.log(`\n!!! SKIPPED: nothing was tested against a real service. ${why}\n`);
  process.exit(0);
}
if (positionals[0] !== "snowflake") {
  console.error("which service? there is: snowflake");
  process.exit(2);
}
const missing = (["account", "username", "database", "warehouse"] as const).filter((o) => found[o] === undefined);
if (missing.length > 0) skipped(`Set ${missing.map((o) => variables[o]).join(", ")} (docs/snowflake.md tells the rest).`);

const harness = harnessIn(found);
const cases = conformance({ ...harness, capabilities, groups: asked.group, faults: { pairs: 0, every: 40 } }).filter((c) =>
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
  JSON.stringify({ service: "snowflake", ...count, minutes: Math.round((performance.now() - started) / 6000) / 10, ...cost() }),
);
process.exitCode = count.failed === 0 ? 0 : 1;
