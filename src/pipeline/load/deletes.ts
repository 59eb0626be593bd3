import { type ColumnShape, rowsOf, type TableRef } from "../../adapter/shapes.js";
import type { Deletes, Observation, ScanItem } from "../../adapter/steps.js";
import { CutoverError } from "../../errors/index.js";
import { encodeValue } from "../../table/encode.js";
import { findColumn } from "../../table/resolve.js";
import type { Work } from "../session/work.js";
import type { Found } from "./tables.js";

/** Which rows of the delta stand for deleted ones, by the exact name and type of the column; null: none can. */
export function deletesOf(w: Work, found: Found, given: readonly ColumnShape[]): Deletes | null {
  const { deleteWhen } = found.definition;
  const column = deleteWhen === null ? undefined : findColumn(given, deleteWhen.column, w.ctx.adapter.capabilities.identifiers);
  if (deleteWhen === null || column === undefined) return null;
  return { column: column.name, equals: { value: encodeValue(deleteWhen.equals, column.type), type: column.type } };
}
export async function countFlagged(w: Work, alias: string, delta: TableRef, { column, equals }: Deletes): Promise<number> {
  const item = (observe: Observation): ScanItem => ({ name: column, observe, min: null, max: null, blocks: false });
  const others: ScanItem[] = equals.value === null ? [] : [item({ of: "unaccepted", column, values: [equals] })];
  const scan = [item({ of: "rows" }), item({ of: "nulls", column }), ...others];
  const [found = {}] = (await w.run({ kind: "validate", on: rowsOf(delta), scan }, alias)).rows;
  const [rows, nulls, unlike] = [0, 1, 2].map((i) => Number(found[`c${i}`] ?? 0)) as [number, number, number];
  return equals.value === null ? nulls : rows - nulls - unlike;
}

/** What is empty by mistake would take the whole table with it. */
export function requireSome(w: Work, found: Found): void {
  const { mode, allowEmpty } = found.definition;
  const live = found.state?.rows ?? 0;
  if (mode !== "replace" || allowEmpty || live === 0) return;
  const reason = `no rows came to replace the ${live} that the table has; say allowEmpty: true where that is meant`;
  const where = { table: found.alias, pipeline: w.ctx.settings.pipeline };
  throw new CutoverError("BAD_SOURCE", `${found.alias}: ${reason}; nothing was changed`, { reason, ...where });
}
