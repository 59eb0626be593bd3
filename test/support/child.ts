import { check, cutover, rows } from "cutover";
import { after, batch, itemsTable } from "./fixtures.js";
import { type Hooks, interpose } from "./interpose.js";
import { type WarehouseName, warehouses } from "./warehouse.js";

/** What a process does before it is killed in the middle of it. */
export interface Job {
  readonly warehouse: WarehouseName;
  readonly path: string;
  readonly what: "run" | "swap" | "rollback" | "redo" | "clone" | "load" | "first";
  /** `source`: after some rows. `block`: inside the transaction of that name, before operation `at`. `after`: behind it. */
  readonly kill:
    | { readonly source: number }
    | { readonly block: string; readonly at: number | "end" }
    | { readonly after: string }
    | { readonly statement: string };
}

const job = JSON.parse(process.argv[2] as string) as Job;
const die = (): Promise<never> => {
  process.kill(process.pid, "SIGKILL");
  return new Promise(() => undefined);
};
const hooks: Hooks = {};
const { kill } = job;
let armed = false;
hooks.inBlock = async (block, id, index) => {
  if (armed && "block" in kill && block === kill.block && (kill.at === index || (kill.at === "end" && id === "end"))) await die();
};
hooks.afterBlock = async (block) => {
  if (armed && "after" in kill && block === kill.after) await die();
};
hooks.beforeStatement = async (tag) => {
  if (armed && "statement" in kill && tag.endsWith(` ${kill.statement}`)) await die();
};
const source = () => ("source" in kill ? after(batch(11, 30, 2), kill.source, die) : rows(batch(11, 30, 2)));
const etl = cutover({
  warehouse: interpose(warehouses[job.warehouse](job.path), hooks),
  pipeline: "items",
  tables: { items: itemsTable([check("there", async () => ({ pass: true }))]) },
});
const candidate = job.what === "swap" || job.what === "load" ? await etl.clone() : null;
if (job.what === "swap") await candidate?.load({ items: source() });
armed = true;
switch (job.what) {
  case "first":
  case "run":
    await etl.run({ items: source() });
    break;
  case "swap":
    await candidate?.swap();
    break;
  case "load":
    await candidate?.load({ items: source() });
    break;
  case "clone":
    await etl.clone();
    break;
  case "rollback":
    await etl.rollback();
    break;
  case "redo":
    await etl.redo();
    break;
}
process.stdout.write("survived\n");
await etl.close();
