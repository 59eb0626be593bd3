import { latest } from "../catalog.js";
import { must, oneOf, path, string, takes, unexpected } from "../cursor.js";
import type { Translation } from "../environment.js";
import { errors } from "../errors.js";
import { databaseOf, demand, relationOf, schemaOf } from "../resolve.js";
import { said } from "../run.js";
import { statementTypes } from "../statement-types.js";
import type { Act } from "./act.js";

const done = () => said("Statement executed successfully.", statementTypes.ddl);

/** `COMMENT [IF EXISTS] ON <object> … IS '…'` (docs "COMMENT"). */
export function comment(t: Translation): Act {
  const { c } = t;
  const { session } = t.statement;
  const ifExists = takes(c, "IF", "EXISTS");
  must(c, "ON");
  const kind = oneOf(c, "TABLE", "VIEW", "SCHEMA", "DATABASE", "COLUMN");
  if (!kind) throw unexpected(c);
  const names = kind === "COLUMN" ? columnPath(t) : path(c);
  must(c, "IS");
  const text = string(c);
  const value = text === "" ? null : text;
  return async () => {
    try {
      if (kind === "COLUMN") {
        const table = relationOf(session, names.slice(0, -1), "COMMENT");
        demand(session, ["OWNERSHIP"], table, "table");
        const name = names.at(-1);
        if (table.type !== "TABLE") throw errors.unsupported("COMMENT ON COLUMN of a view");
        const version = latest(table);
        if (!version.columns.some((col) => col.name === name)) throw errors.noColumn(name ?? "");
        const columns = version.columns.map((col) => (col.name === name ? { ...col, comment: value } : col));
        table.versions[table.versions.length - 1] = { ...version, columns };
        return done();
      }
      const on =
        kind === "DATABASE"
          ? databaseOf(session, names[0] ?? "")
          : kind === "SCHEMA"
            ? schemaOf(session, names, "COMMENT")
            : relationOf(session, names, "COMMENT");
      demand(session, ["OWNERSHIP"], on, kind.toLowerCase());
      on.comment = value;
      return done();
    } catch (error) {
      if (ifExists && (error as { code?: string }).code === "002003") return done();
      throw error;
    }
  };
}

/** A column's name behind its table's, so up to four parts. */
function columnPath(t: Translation): string[] {
  const { c } = t;
  const names: string[] = [];
  do {
    const token = c.tokens[c.at];
    if (!token || (token.kind !== "word" && token.kind !== "quoted")) throw unexpected(c);
    names.push(token.value);
    c.at++;
  } while (takes(c, "."));
  if (names.length < 2) throw unexpected(c);
  return names;
}
