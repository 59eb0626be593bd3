import type { TableKind } from "../catalog.js";
import { type Cursor, identifier, inParentheses, must, next, path, peek, sees, string, takes, unexpected } from "../cursor.js";
import { errors } from "../errors.js";
import { tagList } from "./columns.js";
import { formatOptions } from "./options.js";

/** Options that follow the body of CREATE TABLE (docs "CREATE TABLE"). */
export interface TableProperties {
  clusterBy: string | null;
  retention: number | null;
  comment: string | null;
  copyGrants: boolean;
  changeTracking: boolean;
  schemaEvolution: boolean;
  tags: [string, string][];
  rowAccess: { policy: string; columns: string[] }[];
}

/** Properties that only tables of a kind have; they are read over. */
const ownProperties: Readonly<Partial<Record<TableKind, readonly string[]>>> = {
  DYNAMIC: ["TARGET_LAG", "WAREHOUSE", "REFRESH_MODE", "INITIALIZE"],
  EXTERNAL: ["LOCATION", "FILE_FORMAT", "AUTO_REFRESH", "REFRESH_ON_CREATE", "PATTERN"],
  ICEBERG: ["CATALOG", "EXTERNAL_VOLUME", "BASE_LOCATION"],
};

export function tableProperties(c: Cursor, kind: TableKind = "PERMANENT"): TableProperties {
  const p: TableProperties = {
    clusterBy: null,
    retention: null,
    comment: null,
    copyGrants: false,
    changeTracking: false,
    schemaEvolution: false,
    tags: [],
    rowAccess: [],
  };
  for (;;) {
    if (takes(c, "CLUSTER", "BY")) p.clusterBy = clusterKey(c);
    else if (takes(c, "COPY", "GRANTS")) p.copyGrants = true;
    else if (takes(c, "WITH", "ROW", "ACCESS", "POLICY") || takes(c, "ROW", "ACCESS", "POLICY")) p.rowAccess.push(policyOn(c));
    else if (takes(c, "WITH", "TAG") || takes(c, "TAG")) p.tags.push(...tagList(c));
    else if (peek(c).kind === "word" && peek(c, 1).value === "=" && peek(c).value !== "AS")
      property(c, p, ownProperties[kind] ?? []);
    else return p;
  }
}

function property(c: Cursor, p: TableProperties, own: readonly string[]): void {
  const name = identifier(c);
  must(c, "=");
  if (own.includes(name)) {
    if (sees(c, "(")) inParentheses(c, () => formatOptions(c));
    else next(c);
    return;
  }
  switch (name) {
    case "DATA_RETENTION_TIME_IN_DAYS":
      p.retention = days(c);
      break;
    case "COMMENT":
      p.comment = string(c);
      break;
    case "CHANGE_TRACKING":
      p.changeTracking = boolean(c);
      break;
    case "ENABLE_SCHEMA_EVOLUTION":
      p.schemaEvolution = boolean(c);
      break;
    case "MAX_DATA_EXTENSION_TIME_IN_DAYS":
    case "DEFAULT_DDL_COLLATION":
      next(c);
      break;
    default:
      throw errors.invalidProperty(name, "TABLE");
  }
}

export function days(c: Cursor): number {
  const token = next(c);
  const n = Number(token.value);
  if (token.kind !== "number" || !Number.isInteger(n)) throw unexpected(c, token);
  if (n > 90) throw errors.invalidValue(token.value, "DATA_RETENTION_TIME_IN_DAYS");
  return n;
}

export function boolean(c: Cursor): boolean {
  if (takes(c, "TRUE")) return true;
  if (takes(c, "FALSE")) return false;
  throw unexpected(c);
}

export function clusterKey(c: Cursor): string {
  takes(c, "LINEAR");
  const from = peek(c).start;
  let depth = 0;
  if (!sees(c, "(")) throw unexpected(c);
  for (;;) {
    const token = next(c);
    if (token.kind === "end") throw unexpected(c, token);
    if (token.value === "(" && token.kind === "op") depth++;
    if (token.value === ")" && token.kind === "op" && --depth === 0) return `LINEAR${c.sql.slice(from, token.end)}`;
  }
}

export function policyOn(c: Cursor): { policy: string; columns: string[] } {
  const policy = path(c).join(".");
  must(c, "ON");
  const columns: string[] = [];
  inParentheses(c, () => {
    do columns.push(identifier(c));
    while (takes(c, ","));
  });
  return { policy, columns };
}
