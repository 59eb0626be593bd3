import { cutover, isCutoverError, type Pipeline, rows, table, type Warehouse } from "cutover";
import { type Contender, contend } from "../../src/conformance/operations/contend.js";

/** Items `from` to `to`, whose `v` and `seq` tell the release. */
export interface Release {
  readonly from: number;
  readonly to: number;
  readonly v: number;
  readonly strategy: "in-place" | "swap";
}
/** What a process does: contend for a pipeline, or publish one release. */
export type Doing = { readonly contend: Contender } | { readonly publish: Release };

const items = table("items", { columns: { id: "int64", v: "int64", seq: "int64" }, key: "id", cursor: "seq" });
const tables = { items };
export type ItemsPipeline = Pipeline<typeof tables>;
export const itemsPipeline = (warehouse: Warehouse): ItemsPipeline =>
  cutover({ warehouse, pipeline: "items", tables, lease: { ttl: "4s", wait: "60s" } });
export const publish = (etl: ItemsPipeline, r: Release) =>
  etl.run(
    { items: rows(Array.from({ length: r.to - r.from + 1 }, (_, i) => ({ id: r.from + i, v: r.v, seq: r.v }))) },
    { strategy: r.strategy },
  );

export const first: Release = { from: 1, to: 20, v: 1, strategy: "in-place" };
export const second = (strategy: Release["strategy"]): Release => ({ from: 11, to: 30, v: 2, strategy });
export const third = (strategy: Release["strategy"]): Release => ({ from: 21, to: 40, v: 3, strategy });

export async function perform(warehouse: Warehouse, task: Doing): Promise<object> {
  if ("contend" in task) return contend(warehouse, task.contend);
  await using etl = itemsPipeline(warehouse);
  try {
    const { status, release } = await publish(etl, task.publish);
    return { status, release };
  } catch (e) {
    if (!isCutoverError(e)) throw e;
    return { code: e.code, state: isCutoverError(e, "PUBLISH_FAILED") ? e.context.state : undefined };
  }
}
