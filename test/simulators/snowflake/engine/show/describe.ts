import { latest } from "../catalog.js";
import { must, next, oneOf, path, string, takes, unexpected } from "../cursor.js";
import { dataTypeOf, described } from "../datatype.js";
import type { Act } from "../ddl/act.js";
import type { Translation } from "../environment.js";
import { errors } from "../errors.js";
import { sees } from "../privileges.js";
import { relationOf, schemaOf } from "../resolve.js";
import { statementTypes } from "../statement-types.js";
import { listing } from "./listing.js";

/** docs "DESCRIBE TABLE", "DESCRIBE VIEW". */
const columns = [
  "name",
  "type",
  "kind",
  "null?",
  "default",
  "primary key",
  "unique key",
  "check",
  "expression",
  "comment",
  "policy name",
  "privacy domain",
];

export function describe(t: Translation): Act {
  const { c } = t;
  const { session } = t.statement;
  next(c);
  const kind = oneOf(c, "TABLE", "VIEW", "SCHEMA", "RESULT");
  if (!kind) throw unexpected(c);
  if (kind === "RESULT") {
    const id = string(c);
    return async () => {
      const result = session.results.get(id);
      if (!result) throw errors.unknownStatement(id);
      return listing(
        columns,
        result.columns.map((col) => [
          col.name,
          described(dataTypeOf(col)),
          "COLUMN",
          col.nullable ? "Y" : "N",
          null,
          "N",
          "N",
          null,
          null,
          null,
          null,
          null,
        ]),
        statementTypes.describe,
      );
    };
  }
  const names = path(c);
  if (takes(c, "TYPE")) {
    must(c, "=");
    if (oneOf(c, "COLUMNS", "STAGE") === "STAGE") throw errors.unsupported("DESCRIBE TABLE … TYPE = STAGE");
  }
  return async () => {
    if (kind === "SCHEMA") {
      const schema = schemaOf(session, names, "DESCRIBE");
      const found = [...schema.relations.values()].filter((r) => sees(session, r));
      return listing(
        ["created_on:time", "name", "kind"],
        found.map((r) => [r.created, r.name, r.type]),
        statementTypes.describe,
      );
    }
    const on = relationOf(session, names, "DESCRIBE");
    if (on.type === "VIEW") {
      return listing(
        columns,
        on.columns.map((col) => [
          col.name,
          described(col.type),
          "COLUMN",
          col.nullable ? "Y" : "N",
          null,
          "N",
          "N",
          null,
          null,
          col.comment,
          null,
          null,
        ]),
        statementTypes.describe,
      );
    }
    if (kind === "VIEW") throw errors.wrongKind(on.name, "TABLE", "VIEW");
    const keys = (of: string) => new Set(on.constraints.filter((k) => k.kind === of).flatMap((k) => k.columns));
    const [primary, unique] = [keys("PRIMARY KEY"), keys("UNIQUE")];
    const rows = latest(on).columns.map((col) => {
      const automatic = col.identity ? `IDENTITY START ${col.identity.start} INCREMENT ${col.identity.step} NOORDER` : null;
      const policy = on.policies.find((p) => p.kind === "MASKING_POLICY" && p.column === col.name)?.policy ?? null;
      return [
        col.name,
        described(col.type),
        col.virtual === null ? "COLUMN" : "VIRTUAL_COLUMN",
        col.nullable ? "Y" : "N",
        col.default ?? automatic,
        primary.has(col.name) ? "Y" : "N",
        unique.has(col.name) ? "Y" : "N",
        null,
        col.virtual,
        col.comment,
        policy,
        null,
      ];
    });
    return listing(columns, rows, statementTypes.describe);
  };
}
