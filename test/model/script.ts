/** The commands of a failure as a program that makes the same calls, and prints what comes of each. */
export function script(trace: readonly string[], keep: number): string {
  return `import { rows, sql } from "cutover";
import { openWorld } from "./test/model/world.js";

const json = (v) => JSON.stringify(v, (_key, x) => (typeof x === "bigint" ? Number(x) : x));
const told = async (what, call) => console.log(what, "→", await call().then(json, (e) => e.code + ": " + e.message));
const w = await openWorld({ keep: ${keep} });
const [a, b] = w.owners;

${trace.map((text, i) => `await told(${i + 1}, () => ${text});`).join("\n")}

await told("items", () => w.query("FROM items ORDER BY ALL"));
await told("days", () => w.query("FROM days ORDER BY ALL"));
await told("log", () => w.query("FROM log ORDER BY ALL"));
await told("status", () => a.status());
await told("audit", () => a.audit());
await w.close();
`;
}
