import type { $ZodObject } from "zod/v4/core";
import { REMEMBERED } from "../check/anomaly.js";
import { type CheckDefinition, checkColumns, comparable, targetOf, unfitColumn } from "../check/checks.js";
import { portable } from "../check/pattern.js";
import { milliseconds } from "../pipeline/duration.js";
import type { SqlValue } from "../sql/sql.js";
import type { DeclaredColumn, Issue, Mode, TableDefinition, TableName } from "./definition.js";
import { encodeValue, Unfit } from "./encode.js";
import { type ColumnType, isColumnType } from "./types.js";
import { isZodObject, own, zodColumns } from "./zod.js";

const known = new Set([
  "columns",
  "types",
  "cursor",
  "lookback",
  "checks",
  "onInvalid",
  "onUnknownColumn",
  "redact",
  "mode",
  "key",
  "partition",
  "releaseColumn",
  "deleteWhen",
  "allowEmpty",
]);
const modes: readonly string[] = ["upsert", "append", "partition", "replace"];
const list = (v: unknown): readonly string[] => (v === undefined ? [] : Array.isArray(v) ? v.map(String) : [String(v)]);
const text = (v: unknown): string | null => (typeof v === "string" ? v : null);

/** Checks a table's options as a whole: the definition, and every mistake by its path. */
export function checkTable(name: TableName, o: Record<string, unknown>): { definition: TableDefinition; issues: Issue[] } {
  const issues: Issue[] = [];
  const say = (path: string, message: string): number => issues.push({ path, message });
  if (!isName(name)) say("name", "expected a name such as main.orders, or a tuple of names");
  for (const option of Object.keys(o)) if (!known.has(option)) say(option, `unknown option; there are ${[...known].join(", ")}`);
  const mode = (o["mode"] ?? "upsert") as Mode;
  if (!modes.includes(mode)) say("mode", `unknown mode ${JSON.stringify(mode)}; there are ${modes.join(", ")}`);
  const { columns, schema } = declaredColumns(o, say);
  const names = columns?.map((c) => c.name) ?? null;
  const column = (path: string, n: string): void => {
    if (names !== null && !names.includes(n)) say(path, `no column ${JSON.stringify(n)}; the columns are ${names.join(", ")}`);
  };
  const key = list(o["key"]);
  for (const k of key) column("key", k);
  if (mode === "upsert" && key.length === 0) say("key", "mode upsert needs a key");
  const partition = text(o["partition"]);
  if (mode === "partition" && partition === null) say("partition", "mode partition needs a partition column");
  if (mode !== "partition" && partition !== null) say("partition", 'a partition needs mode: "partition"');
  if (partition !== null) column("partition", partition);
  const cursor = text(o["cursor"]);
  if (cursor !== null) column("cursor", cursor);
  if (mode === "partition" && cursor !== null && partition !== null && cursor !== partition)
    say(
      "cursor",
      "in mode partition the cursor must be the partition column: another would be read from the middle of a partition",
    );
  if (mode === "append" && key.length === 0 && cursor === null)
    say(
      "cursor",
      "mode append needs a `cursor`, for windows, or a `key`: without either nobody can tell which rows are there already",
    );
  if (mode === "replace" && cursor !== null)
    say("cursor", "mode replace reads everything each time, and so from no cursor; leave it out, or load by another mode");
  const releaseColumn = mode !== "append" ? null : (text(o["releaseColumn"]) ?? RELEASE_COLUMN);
  if (o["releaseColumn"] !== undefined && mode !== "append") say("releaseColumn", 'a release column needs mode: "append"');
  if (o["releaseColumn"] !== undefined && (text(o["releaseColumn"]) ?? "") === "")
    say("releaseColumn", "expected the name of a column");
  if (releaseColumn !== null && names?.some((n) => n.toLowerCase() === releaseColumn.toLowerCase()))
    say("releaseColumn", `${releaseColumn} is written by cutover; leave it out of columns, or name another`);
  if (o["allowEmpty"] !== undefined && typeof o["allowEmpty"] !== "boolean") say("allowEmpty", "expected true or false");
  if (o["allowEmpty"] !== undefined && mode !== "replace") say("allowEmpty", 'allowEmpty needs mode: "replace"');
  const deleteWhen = checkDeleteWhen(o["deleteWhen"], key, columns, say, column);
  const lookback = o["lookback"] === undefined ? 0 : milliseconds(o["lookback"]);
  if (lookback === null) say("lookback", 'expected a number, or a duration such as "10m"');
  if (o["lookback"] !== undefined && cursor === null) say("lookback", "a lookback needs a cursor");
  const cursorType = columns?.find((c) => c.name === cursor)?.type;
  const lookbackInTime = typeof o["lookback"] === "string";
  const unfit = cursorType === undefined ? null : unfitLookback(cursorType, lookback ?? 0, lookbackInTime);
  if (unfit !== null) say("lookback", unfit);
  if (cursorType === "json" || cursorType === "bytes" || cursorType === "bool")
    say("cursor", `a ${cursorType} column has no order to read by`);
  const checks = Array.isArray(o["checks"]) ? (o["checks"] as readonly CheckDefinition[]) : [];
  if (o["checks"] !== undefined && !Array.isArray(o["checks"])) say("checks", "expected a list of checks");
  for (const [i, c] of checks.entries()) checkCheck(c, `checks[${i}]`, say, column, partition, columns);
  for (const [i, c] of checks.entries())
    if (c?.kind === "quarantined" && o["onInvalid"] !== "quarantine")
      say(`checks[${i}]`, 'quarantined needs onInvalid: "quarantine": else one row that does not fit refuses the load');
  const redact = list(o["redact"]);
  for (const r of redact) column("redact", r);
  const onInvalid = (o["onInvalid"] ?? "reject") as "reject" | "quarantine";
  if (!["reject", "quarantine"].includes(onInvalid)) say("onInvalid", "expected reject or quarantine");
  const onUnknownColumn = (o["onUnknownColumn"] ?? "reject") as TableDefinition["onUnknownColumn"];
  if (!["reject", "ignore", "add"].includes(onUnknownColumn)) say("onUnknownColumn", "expected reject, ignore or add");
  return {
    definition: {
      name,
      columns,
      schema,
      mode,
      key,
      partition,
      cursor,
      releaseColumn,
      deleteWhen,
      allowEmpty: o["allowEmpty"] === true,
      lookback: lookback ?? 0,
      lookbackInTime,
      checks,
      onInvalid,
      onUnknownColumn,
      redact,
    },
    issues,
  };
}

/** The column that tells which release appended a row. */
export const RELEASE_COLUMN = "cutover_release";

function checkDeleteWhen(
  given: unknown,
  key: readonly string[],
  columns: readonly DeclaredColumn[] | null,
  say: Say,
  column: (path: string, n: string) => void,
): TableDefinition["deleteWhen"] {
  if (given === undefined) return null;
  const { column: name, equals } = (given ?? {}) as { readonly column?: unknown; readonly equals?: SqlValue };
  if (typeof name !== "string" || equals === undefined) {
    say("deleteWhen", "expected { column, equals }");
    return null;
  }
  column("deleteWhen.column", name);
  if (key.includes(name)) say("deleteWhen.column", `${name} is in the key, which tells one row from another`);
  const declared = columns?.find((c) => c.name === name);
  const unfit = declared === undefined ? null : unfitDelete(declared, equals);
  if (unfit !== null) say("deleteWhen.equals", unfit);
  return { column: name, equals };
}
/** Why no row of the column could have this value; null: one can. */
export function unfitDelete(c: Pick<DeclaredColumn, "type" | "nullable">, equals: SqlValue): string | null {
  if (c.type === "json" || c.type === "bytes") return `a ${c.type} column is not compared with a value`;
  if (equals === null) return c.nullable ? null : "the column is never NULL";
  if (unordered(equals)) return "nothing is equal to this value";
  try {
    encodeValue(equals, c.type);
    return null;
  } catch (e) {
    if (e instanceof Unfit) return e.message;
    throw e;
  }
}

/** Why a cursor of this type cannot look back so far; null: it can. */
export function unfitLookback(type: ColumnType, lookback: number, inTime: boolean): string | null {
  if (lookback === 0) return null;
  if (["string", "bool", "json", "bytes", "time"].includes(type)) return `a cursor of type ${type} has no distance to look back`;
  const temporal = ["timestamp", "datetime", "date"].includes(type);
  return inTime && !temporal ? `a cursor of type ${type} looks back by a number of its own units, not by a time` : null;
}

/** Names of parts between dots, each plain or in double quotes; or a tuple of them. */
const isName = (name: unknown): boolean =>
  typeof name === "string"
    ? /^(?:"(?:[^"]|"")+"|[^".]+)(?:\.(?:"(?:[^"]|"")+"|[^".]+))*$/.test(name)
    : Array.isArray(name) && name.length > 0 && name.every((p) => typeof p === "string" && p !== "");

type Say = (path: string, message: string) => unknown;
function declaredColumns(
  o: Record<string, unknown>,
  say: Say,
): { columns: readonly DeclaredColumn[] | null; schema: $ZodObject | null } {
  const types = (o["types"] ?? {}) as Readonly<Record<string, ColumnType>>;
  for (const [name, t] of Object.entries(types)) if (!isColumnType(t)) say(`types.${name}`, `unknown type ${JSON.stringify(t)}`);
  const given = o["columns"];
  if (given === undefined) return { columns: null, schema: null };
  if (isZodObject(given)) {
    const { columns, untold } = zodColumns(given, types);
    for (const name of untold) say(`columns.${name}`, "zod does not say the type; name it in `types`");
    for (const name of Object.keys(types)) if (!Object.hasOwn(given._zod.def.shape, name)) say(`types.${name}`, "no such column");
    return { columns, schema: given };
  }
  if (typeof given !== "object" || given === null) {
    say("columns", "expected a zod object or a record of types");
    return { columns: null, schema: null };
  }
  const columns = Object.entries(given as Record<string, unknown>).flatMap(([name, spec]): DeclaredColumn[] => {
    const nullable = typeof spec === "string" && spec.endsWith("?");
    const type = own(types, name) ?? (nullable ? spec.slice(0, -1) : spec);
    if (isColumnType(type)) return [{ name, type, nullable, js: "exact" }];
    say(`columns.${name}`, `unknown type ${JSON.stringify(spec)}`);
    return [];
  });
  if (Object.keys(given).length === 0) say("columns", "a table needs at least one column");
  return { columns, schema: null };
}

/** Engines put NaN above everything: a bound that lets all pass. */
const unordered = (v: unknown): boolean => Number.isNaN(v) || (v instanceof Date && Number.isNaN(v.getTime()));

function checkCheck(
  c: CheckDefinition,
  path: string,
  say: Say,
  column: (path: string, n: string) => void,
  partition: string | null,
  columns: readonly DeclaredColumn[] | null,
): void {
  if (typeof c !== "object" || c === null || typeof c.kind !== "string")
    return void say(path, "expected a check, such as rowCount({ min: 1 })");
  if (!["error", "warn"].includes(c.severity))
    say(path, `unknown severity ${JSON.stringify(c.severity)}; there are error and warn`);
  if (!Number.isInteger(c.samples) || c.samples < 0) say(path, "samples is a number of rows, 0 or more");
  if ((c.kind === "notNull" || c.kind === "unique") && c.columns.length === 0) say(path, `${c.kind} needs at least one column`);
  for (const n of checkColumns(c).filter((name) => name !== undefined)) {
    column(path, n);
    const type = columns?.find((d) => d.name === n)?.type;
    const unfit = type === undefined ? null : unfitColumn(c, type);
    if (unfit !== null) say(path, unfit);
  }
  if (c.kind === "accepted" && c.values.every((v) => v === null || v === undefined))
    say(path, "accepted needs at least one value besides NULL, which is not looked at");
  const bounds = c.kind === "between" || c.kind === "rowCount" ? [c.min, c.max] : c.kind === "accepted" ? c.values : [];
  if (bounds.some(unordered)) say(path, `${c.kind} has a value that nothing can be compared with (NaN, or an invalid date)`);
  if (c.kind === "between" && c.min === null && c.max === null) say(path, "between needs min or max");
  if (c.kind === "rowCount" && c.min === null && c.max === null) say(path, "rowCount needs min or max");
  if (c.kind === "rowCount" && c.min !== null && c.max !== null && c.min > c.max) say(path, "rowCount has min above max");
  if (c.kind === "between" && c.min !== null && c.max !== null && typeof c.min === typeof c.max && c.min > c.max)
    say(path, "between has min above max");
  if (c.kind === "quarantined") {
    if (c.max === null && c.ratio === null) say(path, "quarantined needs max or ratio");
    if (c.max !== null && (!Number.isInteger(c.max) || c.max < 0)) say(path, "quarantined has a max that is no number of rows");
    if (c.ratio !== null && !(c.ratio >= 0 && c.ratio <= 1)) say(path, "quarantined needs a ratio from 0 to 1");
  }
  if (c.kind === "maxDrop" || c.kind === "maxGrowth") {
    if (!(c.ratio >= 0)) say(path, `${c.kind} needs a ratio of 0 or more`);
    if (c.per === "partition" && partition === null) say(path, `${c.kind} per partition needs a partition column`);
  }
  if (c.kind === "matches") {
    const found = typeof c.pattern === "string" ? portable(c.pattern) : { problem: "expected text or a RegExp" };
    if ("problem" in found) say(path, `matches cannot use the pattern ${String(c.pattern)} on every engine: ${found.problem}`);
    if (!["", "u"].includes(c.flags))
      say(path, `matches takes no flags, so not ${c.flags}: write [aA] for letters of either case`);
  }
  if (c.kind === "references") checkReference(c, path, say, columns);
  if (c.kind === "freshness" && c.maxAgeMs === null)
    say(path, 'freshness needs { maxAge }: a number of milliseconds, or a duration such as "6h"');
  if (c.kind === "anomaly") checkAnomaly(c, path, say);
}

function checkAnomaly(c: Extract<CheckDefinition, { kind: "anomaly" }>, path: string, say: Say): void {
  if (!["rows", "changed", "sum"].includes(c.metric) || (c.metric === "sum" && typeof c.column !== "string"))
    say(path, 'anomaly needs a metric: "rows", "changed" or { sum: column }');
  const whole = (n: unknown, from: number): boolean =>
    Number.isInteger(n) && (n as number) >= from && (n as number) <= REMEMBERED;
  if (!whole(c.minHistory, 3)) say(path, `anomaly needs minHistory to be a number of releases from 3 to ${REMEMBERED}`);
  if (!whole(c.window, 3)) say(path, `anomaly needs window to be a number of releases from 3 to ${REMEMBERED}`);
  if (c.minHistory > c.window)
    say(path, `anomaly has minHistory (${c.minHistory}) above window (${c.window}): it would never judge`);
  if (!(c.sigmas > 0 && Number.isFinite(c.sigmas))) say(path, "anomaly needs sigmas above 0");
  if (!(c.ratio >= 0 && Number.isFinite(c.ratio))) say(path, "anomaly needs a ratio of 0 or more");
}

function checkReference(
  c: Extract<CheckDefinition, { kind: "references" }>,
  path: string,
  say: Say,
  columns: readonly DeclaredColumn[] | null,
): void {
  if (!isName(c.to)) return void say(path, "references needs a table: one made by table(), or a name such as main.orders");
  if (typeof c.toColumn !== "string" || c.toColumn === "") return void say(path, "references needs a column of the other table");
  const [here, there] = [columns?.find((d) => d.name === c.column), c.declared?.find((d) => d.name === c.toColumn)];
  if (c.declared !== null && there === undefined)
    say(path, `${targetOf(c)}: no such column; there are ${c.declared.map((d) => d.name).join(", ")}`);
  if (here !== undefined && there !== undefined && !comparable(here.type, there.type))
    say(path, `${c.column} is ${here.type} and ${targetOf(c)} is ${there.type}: never equal`);
}
