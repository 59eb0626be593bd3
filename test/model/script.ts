/** The commands of a failure as a program that makes the same calls and prints what comes of each. */
export function script(trace: readonly string[], keep: number): string {
  const lines = trace.map((text) => `await told(${JSON.stringify(text)}, async () => ${text});`);
  const head = [
    'import { rows, sql } from "cutover";',
    'import { openWorld, told } from "./test/model/world.js";',
    "",
    `const w = await openWorld({ keep: ${keep} });`,
    "const [a, b] = w.owners;",
  ];
  const tail = [
    'await told("status", () => a.status());',
    'await told("audit", () => a.audit());',
    'for (const t of ["items", "days"]) await told(t, () => w.query("FROM " + t + " ORDER BY ALL"));',
    "await w.close();",
  ];
  return [...head, ...lines, ...tail, ""].join("\n");
}
