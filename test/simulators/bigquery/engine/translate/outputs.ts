import type { SqlType } from "../datatype.js";
import { runtime } from "../errors.js";
import type { Output } from "./model.js";

/** Columns of a result: anonymous ones are called f0_, f1_ …; a result of one struct by AS STRUCT or AS VALUE has its fields. */
export function outputsOf(
  columns: readonly Output[],
  value: boolean,
): { readonly columns: readonly Output[]; readonly struct: SqlType | null } {
  const first = columns[0];
  const struct = value && first?.type.kind === "STRUCT" ? first.type : null;
  const all = struct ? (struct.fields ?? []) : columns;
  let anonymous = 0;
  const named = all.map((o) => ({ ...o, name: o.name ?? `f${anonymous++}_` }));
  const names = named.map((o) => o.name.toLowerCase());
  const twice = named.filter((_, k) => names.indexOf(names[k] as string) !== k);
  if (twice.length > 0)
    throw runtime(
      `Duplicate column names in the result are not supported. Found duplicate(s): ${twice.map((o) => o.name).join(", ")}`,
    );
  return { columns: named, struct };
}
