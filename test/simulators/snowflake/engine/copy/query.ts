import { types } from "../datatype.js";
import type { Translation } from "../environment.js";
import { errors } from "../errors.js";
import type { Col, Expr } from "../translate/model.js";
import { formatOf } from "./format.js";
import { type Loaded, load } from "./load.js";
import { filesAt, location } from "./stages.js";

/** `FROM @stage/path (FILE_FORMAT => 'f', PATTERN => '…')` (docs "Querying data in staged files"). */
export function staged(
  t: Translation,
  token: string,
  options: Readonly<Record<string, Expr>>,
): { sql: () => string; columns: () => readonly Col[] } {
  const { session } = t.statement;
  const at = location(session, token, "READ");
  for (const name of Object.keys(options)) if (name !== "FILE_FORMAT" && name !== "PATTERN") throw errors.invalidParameter(name);
  const name = options["FILE_FORMAT"]?.constant;
  const format = formatOf(session, name === undefined ? new Map() : new Map([["FORMAT_NAME", name]]), at.stage?.format ?? null);
  const width = t.c.tokens.reduce((n, c) => (c.kind === "column" ? Math.max(n, Number(c.value)) : n), 1);
  const loaded: Loaded[] = [];
  t.prepare.push(async () => {
    const pattern = options["PATTERN"]?.constant;
    const files = (await filesAt(at)).filter((f) => pattern === undefined || new RegExp(`^(?:${pattern})$`).test(f.path));
    for (const file of files) loaded.push(await load(session, file, `${at.shown}${file.path}`, format, width));
  });
  const csv = format["TYPE"] === "CSV";
  const columns: Col[] = [
    ...Array.from({ length: csv ? width : 1 }, (_, k) => ({
      name: `$${k + 1}`,
      type: csv ? types.text() : types.variant,
      nullable: true,
    })),
    { name: "METADATA$FILENAME", type: types.text(), nullable: true },
    { name: "METADATA$FILE_ROW_NUMBER", type: types.number(), nullable: true },
  ];
  const list = columns.map((c) => `"${c.name}"`).join(", ");
  return {
    sql: () =>
      loaded.length === 0
        ? `(SELECT ${columns.map((c) => `CAST(NULL AS ${c.type?.name === "VARIANT" ? "JSON" : c.type?.name === "TEXT" ? "VARCHAR" : "BIGINT"}) AS "${c.name}"`).join(", ")} WHERE FALSE)`
        : `(${loaded.map((l) => `SELECT ${list} FROM ${l.table}`).join(" UNION ALL ")})`,
    columns: () => columns,
  };
}
