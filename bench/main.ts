// What the library costs against bare SQL, as ratios measured side by side in one run:
// npm run bench [-- [--json] [--rows N] [--runs N] [group …]]
import { parseArgs } from "node:util";
import { loaded } from "./bigquery.js";
import { embedding } from "./embedding.js";
import { firstLoad } from "./first-load.js";
import { growth, increment, tiny } from "./increment.js";
import { ledger } from "./ledger.js";
import { memory } from "./memory.js";
import { staged } from "./snowflake.js";
import { staging } from "./staging.js";
import { type Figure, type Group, inFolder } from "./support.js";
import { validation } from "./validation.js";

const groups: Readonly<Record<string, Group>> = {
  increment,
  growth,
  tiny,
  staging,
  "first-load": firstLoad,
  validation,
  ledger,
  memory,
  embedding,
  snowflake: staged,
  bigquery: loaded,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false }, rows: { type: "string" }, runs: { type: "string" } },
});
function whole(name: "rows" | "runs", otherwise: number): number {
  const n = Number(values[name] ?? otherwise);
  if (Number.isSafeInteger(n) && n > 0) return n;
  throw new Error(`--${name} must be a whole number above 0`);
}
const scale = { rows: whole("rows", 10_000_000), runs: whole("runs", 5) };
const unknown = positionals.find((name) => !Object.hasOwn(groups, name));
if (unknown !== undefined) throw new Error(`there is no group ${unknown}; there are ${Object.keys(groups).join(", ")}`);

const line = (f: Figure): string => {
  const extra = f.extraMs === undefined ? "" : `, ${f.extraMs} ms more`;
  return `${f.job}: ${f.ratio} × ${f.against} (bar ${f.bar}; ${f.min} to ${f.max} in ${f.runs} runs${extra})`;
};
const jobs: Figure[] = [];
for (const [name, group] of Object.entries(groups)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  for (const f of await inFolder((dir) => group(scale, dir))) {
    jobs.push(f);
    if (!values.json) console.log(line(f));
  }
}
if (values.json) console.log(JSON.stringify({ jobs }));
