import { type Catalog, type Column, newColumnId, type Partitioning } from "../catalog.js";
import { types } from "../datatype.js";
import { createPart, type Physical, stored, withConnection } from "../store.js";
import type { Core } from "../transactions.js";
import { partitionStart } from "../translate/partitions.js";

/** `_PARTITIONTIME` of tables that are partitioned by the time at which rows come (docs "Introduction to partitioned tables"). */
const pseudo = (catalog: Catalog): Column => ({
  id: newColumnId(catalog),
  name: "_PARTITIONTIME",
  type: types.timestamp,
  required: false,
  default: null,
  description: null,
  policyTags: [],
  hidden: true,
});

export const byIngestion = (partitioning: Partitioning | null): boolean =>
  partitioning?.kind === "time" && partitioning.field === null;

/** The columns with the pseudo column, where the partitions ask for it. */
export function withPseudo(catalog: Catalog, columns: readonly Column[], partitioning: Partitioning | null): readonly Column[] {
  return byIngestion(partitioning) && !columns.some((c) => c.hidden) ? [...columns, pseudo(catalog)] : columns;
}

/** Rows that a job brought, in the partition that it names, or in that of now. */
export async function stamped(
  core: Core,
  part: Physical,
  from: readonly Column[],
  to: readonly Column[],
  partitioning: Partitioning,
  partition: string | null,
): Promise<Physical> {
  const hidden = to.find((c) => c.hidden);
  if (!hidden || partitioning.kind !== "time") return part;
  const at =
    partition === null
      ? `date_trunc('${partitioning.unit.toLowerCase()}', make_timestamp(${core.catalog.now()}))`
      : `TIMESTAMP '${partitionStart(partitioning, partition)}'`;
  return await withConnection(core.store, async (duck) => {
    const made = await createPart(core.store, duck, to);
    await duck.run(`INSERT INTO ${made.name} (${stored(from)}, ${hidden.id}) SELECT ${stored(from)}, ${at} FROM ${part.name}`);
    made.rows = part.rows;
    return made;
  });
}
