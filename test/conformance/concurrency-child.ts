import { createInterface } from "node:readline";
import { duckdb } from "cutover/duckdb";
import { type Contender, contend, turnsPipeline } from "../../src/conformance/operations/contend.js";
import { rows } from "../../src/source/source.js";

/** What another process does on the same file: contend for it, or sit in its source until it is told to go on. */
export type Task = { readonly path: string } & ({ readonly contend: Contender } | { readonly sit: true });

const say = (what: object): boolean => process.stdout.write(`${JSON.stringify(what)}\n`);
const task = JSON.parse(process.argv[2] as string) as Task;
const warehouse = duckdb({ path: task.path });
if ("contend" in task) say(await contend(warehouse, task.contend));
else {
  const told = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  await using etl = turnsPipeline(warehouse);
  const report = await etl.run({
    turns: rows(async function* () {
      yield { id: "sitter", n: 1, seq: 1 };
      say({ inside: process.pid });
      await told.next();
    }),
  });
  say({ releases: [report.release] });
  process.stdin.destroy();
}
