import { cutover, isCutoverError, rows, table } from "cutover";
import { type SnowflakeOptions, snowflake } from "cutover/snowflake";
import { type Contender, contend } from "../../src/conformance/operations/contend.js";

/** What a process does in an account: contend for a pipeline, or publish one release. */
export type Task = { readonly login: SnowflakeOptions } & ({ readonly contend: Contender } | { readonly publish: Release });
/** Items `from` to `to`, whose `v` and `seq` tell the release. */
export interface Release {
  readonly from: number;
  readonly to: number;
  readonly v: number;
  readonly strategy: "in-place" | "swap";
}

const items = table("items", { columns: { id: "int64", v: "int64", seq: "int64" }, key: "id", cursor: "seq" });
export const itemsPipeline = (login: SnowflakeOptions) =>
  cutover({ warehouse: snowflake(login), pipeline: "items", tables: { items }, lease: { ttl: "4s", wait: "60s" } });
export const publish = (etl: ReturnType<typeof itemsPipeline>, r: Release) =>
  etl.run(
    { items: rows(Array.from({ length: r.to - r.from + 1 }, (_, i) => ({ id: r.from + i, v: r.v, seq: r.v }))) },
    { strategy: r.strategy },
  );

async function perform(task: Task): Promise<object> {
  if ("contend" in task) return contend(snowflake(task.login), task.contend);
  await using etl = itemsPipeline(task.login);
  try {
    const { status, release } = await publish(etl, task.publish);
    return { status, release };
  } catch (e) {
    if (!isCutoverError(e)) throw e;
    return { code: e.code, state: isCutoverError(e, "PUBLISH_FAILED") ? e.context.state : undefined };
  }
}
// The tests take its pipeline from here as well.
if (process.argv[2]?.startsWith("{")) {
  const told = await perform(JSON.parse(process.argv[2]) as Task);
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
