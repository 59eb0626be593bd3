import { rm } from "node:fs/promises";
import type { Column } from "../catalog.js";
import { type Cursor, identifier, inParentheses, list, must, next, peek, sees, string, takes, unexpected } from "../cursor.js";
import { types } from "../datatype.js";
import { formatOptions, optionValue } from "../ddl/options.js";
import { assigned } from "../dml/assign.js";
import { unnamed } from "../dml/insert.js";
import { columnNamed, named, type Target, target } from "../dml/target.js";
import type { Translation } from "../environment.js";
import { errors } from "../errors.js";
import { duck, text } from "../names.js";
import { duckChange, said } from "../run.js";
import { type Cell, listing } from "../show/listing.js";
import { statementTypes } from "../statement-types.js";
import { add, partFor, type Transaction } from "../transactions.js";
import { cast } from "../translate/convert.js";
import { block, type Expr, expr, type Query, within } from "../translate/model.js";
import { SimError, type SimResult } from "../types.js";
import { type Format, formatOf, on } from "./format.js";
import { type Loaded, load } from "./load.js";
import { digest, filesAt, type Location, location, type StagedFile } from "./stages.js";

interface Options {
  files: readonly string[] | null;
  pattern: string | null;
  format: Map<string, string>;
  readonly copy: Map<string, string>;
}

const copyOptions = new Set([
  "ON_ERROR",
  "SIZE_LIMIT",
  "PURGE",
  "RETURN_FAILED_ONLY",
  "MATCH_BY_COLUMN_NAME",
  "ENFORCE_LENGTH",
  "TRUNCATECOLUMNS",
  "FORCE",
  "LOAD_UNCERTAIN_FILES",
]);

/** `COPY INTO t FROM @stage | (SELECT … FROM @stage)` (docs "COPY INTO <table>"). */
export function copy(t: Translation): (tx: Transaction) => Promise<SimResult> {
  const { c } = t;
  const { session } = t.statement;
  must(c, "COPY", "INTO");
  if (peek(c).kind === "stage" || peek(c).kind === "string") throw errors.unsupported("COPY INTO a location");
  const at = target(t, ["INSERT"], "COPY", false);
  const names = sees(c, "(") ? inParentheses(c, () => list(c, () => identifier(c))) : null;
  const chosen = names ? names.map((n) => columnNamed(at, n)) : at.columns.filter((col) => col.virtual === null);
  must(c, "FROM");
  const state: { loaded: Loaded | null; from: Location | null } = { loaded: null, from: null };
  const query = sees(c, "(") ? transformation(t, state) : null;
  if (!query) state.from = location(session, stageToken(c), "READ");
  const options = readOptions(c);
  const from = state.from;
  if (!from) throw unexpected(c);
  const format = formatOf(session, options.format, from.stage?.format ?? null);
  const match = (options.copy.get("MATCH_BY_COLUMN_NAME") ?? "NONE").toUpperCase();
  if (query && match !== "NONE") throw errors.matchWithTransformation();
  return async (tx) => {
    const files = await selected(from, options);
    const part = await partFor(session, at.table);
    const rows: Cell[][] = [];
    const done: (() => Promise<void> | void)[] = [];
    for (const file of files) {
      const etag = await digest(file.file);
      const key = `${from.key}/${file.path}`;
      const before = at.table.loads.get(key) ?? tx.loads.get(key);
      // docs "COPY INTO <table>": a file is loaded once while its metadata lasts, unless it has changed or FORCE is set.
      if (before?.etag === etag && before.status === "LOADED" && options.copy.get("FORCE")?.toUpperCase() !== "TRUE") continue;
      const outcome = await loadFile(t, at, chosen, query, state, file, from, format, match, part.name, options);
      rows.push(outcome.row);
      if (outcome.loaded === null) continue;
      part.rows += outcome.loaded;
      tx.loads.set(key, { etag, status: "LOADED", at: session.engine.now() });
      tx.after.push(() => at.table.loads.set(key, { etag, status: "LOADED", at: session.engine.now() }));
      if (options.copy.get("PURGE")?.toUpperCase() === "TRUE") done.push(() => rm(file.file, { force: true }));
    }
    await add(session, at.table, tx, part);
    for (const step of done) await step();
    if (rows.length === 0) return said("Copy executed with 0 files processed.", statementTypes.copy, { affected: 0 });
    return { ...listing(resultColumns, rows, statementTypes.copy), affected: part.rows };
  };
}

const resultColumns = [
  "file",
  "status",
  "rows_parsed:number",
  "rows_loaded:number",
  "error_limit:number",
  "errors_seen:number",
  "first_error",
  "first_error_line:number",
  "first_error_character:number",
  "first_error_column_name",
];

export function stageToken(c: Cursor): string {
  const token = next(c);
  if (token.kind === "stage") return token.value;
  if (token.kind === "string" && token.value.startsWith("@")) return token.value.slice(1);
  throw unexpected(c, token);
}

function readOptions(c: Cursor): Options {
  const o: Options = { files: null, pattern: null, format: new Map(), copy: new Map() };
  while (peek(c).kind === "word") {
    const name = identifier(c);
    must(c, "=");
    if (name === "FILES") o.files = inParentheses(c, () => list(c, () => string(c)));
    else if (name === "PATTERN") o.pattern = string(c);
    else if (name === "FILE_FORMAT")
      o.format = sees(c, "(") ? inParentheses(c, () => formatOptions(c)) : new Map([["FORMAT_NAME", optionValue(c)]]);
    else if (copyOptions.has(name)) o.copy.set(name, optionValue(c));
    else if (name === "VALIDATION_MODE") throw errors.unsupported("VALIDATION_MODE");
    else throw errors.invalidProperty(name, "COPY");
    takes(c, ",");
  }
  if ((o.files?.length ?? 0) > 1000) throw errors.tooManyFiles(o.files?.length ?? 0);
  return o;
}

async function selected(from: Location, o: Options): Promise<StagedFile[]> {
  const all = await filesAt(o.files ? { ...from, path: "" } : from);
  if (o.files) {
    return o.files.map((name) => {
      const path = `${from.path}${from.path === "" || from.path.endsWith("/") ? "" : "/"}${name}`;
      const found = all.find((f) => f.path === path);
      if (!found) throw errors.noFile(`@${from.shown}${path}`);
      return found;
    });
  }
  const pattern = o.pattern === null ? null : new RegExp(`^(?:${o.pattern})$`);
  return pattern ? all.filter((f) => pattern.test(f.path) || pattern.test(`${from.shown}${f.path}`)) : all;
}

type State = { loaded: Loaded | null; from: Location | null };

/** `(SELECT $1, $2:a … FROM @stage [alias])`: simple selects only (docs "Transforming data during a load"). */
function transformation(t: Translation, state: State): Query {
  const { c } = t;
  const env = {
    ...t.env,
    stage: (token: string) => {
      state.from = location(t.statement.session, token, "READ");
      return { sql: () => state.loaded?.table ?? "", columns: () => state.loaded?.columns ?? null };
    },
  };
  const inner: Translation = { ...t, env, block: block(null) };
  const query = inParentheses(c, () => within(inner, block(null), () => t.parse.query(inner)));
  if (!state.from) throw errors.copySelect();
  return query;
}

interface Outcome {
  readonly row: Cell[];
  /** null: not loaded. */
  readonly loaded: number | null;
}

async function loadFile(
  t: Translation,
  at: Target,
  chosen: readonly Column[],
  query: Query | null,
  state: State,
  file: StagedFile,
  from: Location,
  format: Format,
  match: string,
  part: string,
  o: Options,
): Promise<Outcome> {
  const { session } = t.statement;
  const shown = `${from.shown}${file.path}`;
  const mode = (o.copy.get("ON_ERROR") ?? "ABORT_STATEMENT").toUpperCase();
  const referenced = t.c.tokens.reduce((n, token) => (token.kind === "column" ? Math.max(n, Number(token.value)) : n), 0);
  let loaded: Loaded | null = null;
  try {
    loaded = await load(session, file, shown, format, Math.max(referenced, query ? 0 : chosen.length));
    state.loaded = loaded;
    const sql = source(t, at, chosen, query, loaded, format, match, o);
    const rows = await duckChange(
      session,
      `INSERT INTO ${part} (${named(at.columns.filter((col) => col.virtual === null))}) ${sql}`,
    );
    return { row: [shown, "LOADED", loaded.rows, rows, 1, 0, null, null, null, null], loaded: rows };
  } catch (error) {
    const told =
      error instanceof SimError ? error : errors.badFile(String((error as Error).message).replace(/^\d{6}\|\w{5}\|/, ""));
    if (mode === "ABORT_STATEMENT" || told.code.startsWith("000") || told.code.startsWith("00")) throw inFile(told, shown);
    if (mode === "SKIP_FILE")
      return { row: [shown, "LOAD_FAILED", loaded?.rows ?? 0, 0, 1, 1, told.message, 1, 1, null], loaded: null };
    throw errors.unsupported(`ON_ERROR = ${mode} for a file with errors`);
  } finally {
    await loaded?.drop();
    state.loaded = null;
  }
}

/** The service adds where in which file it was. */
const inFile = (error: SimError, file: string): SimError =>
  error.code.startsWith("1")
    ? new SimError(
        error.code,
        error.sqlState,
        `${error.message}\n  File '${file}', line 1, character 1\n  If you would like to continue loading when an error is encountered, use other values such as 'SKIP_FILE' or 'CONTINUE' for the ON_ERROR option. For more information on loading options, please run 'info loading_data' in a SQL client.`,
      )
    : error;

function source(
  t: Translation,
  at: Target,
  chosen: readonly Column[],
  query: Query | null,
  loaded: Loaded,
  format: Format,
  match: string,
  o: Options,
): string {
  const stored = at.columns.filter((col) => col.virtual === null);
  const value = (sql: string, type: Expr["type"]): Expr => expr(t, 0, () => sql, type);
  const cut = o.copy.get("TRUNCATECOLUMNS")?.toUpperCase() === "TRUE" || o.copy.get("ENFORCE_LENGTH")?.toUpperCase() === "FALSE";
  const into = (e: Expr, column: Column): string => {
    const made = fromFile(e, column);
    return cut && column.type.name === "TEXT" ? `left(${made}, ${column.type.length})` : made;
  };
  if (query) {
    const given = query.columns();
    if (given && given.length !== chosen.length) throw errors.columnCount(chosen.length, given.length);
    const names = chosen.map((_, k) => `"·${k}"`);
    const written = stored.map((column) => {
      const k = chosen.indexOf(column);
      return k < 0
        ? unnamed(t, column)
        : into(
            value(names[k] ?? "", () => given?.[k]?.type ?? null),
            column,
          );
    });
    return `SELECT ${written.join(", ")} FROM (${query.sql()}) AS "·Q" (${names.join(", ")})`;
  }
  if (match !== "NONE") return byName(stored, loaded, format, match, into, value);
  if (format["TYPE"] !== "CSV") {
    const [only, ...more] = chosen;
    if (!only || more.length > 0 || !["VARIANT", "OBJECT", "ARRAY"].includes(only.type.name))
      throw errors.oneVariant(format["TYPE"] ?? "");
    return `SELECT ${stored.map((column) => (column === only ? '"$1"' : unnamed(t, column))).join(", ")} FROM ${loaded.table}`;
  }
  if (on(format, "ERROR_ON_COLUMN_COUNT_MISMATCH")) {
    const wrong = loaded.fields.find((n) => loaded.rows > 0 && n !== chosen.length);
    if (wrong !== undefined) throw errors.csvColumns(wrong, chosen.length);
  }
  const written = stored.map((column) => {
    const k = chosen.indexOf(column);
    return k < 0
      ? unnamed(t, column)
      : into(
          value(duck(`$${k + 1}`), () => types.text()),
          column,
        );
  });
  return `SELECT ${written.join(", ")} FROM ${loaded.table}`;
}

type Into = (e: Expr, column: Column) => string;

/** MATCH_BY_COLUMN_NAME: columns that the file does not have get NULL. */
function byName(
  stored: readonly Column[],
  loaded: Loaded,
  format: Format,
  match: string,
  into: Into,
  value: (sql: string, type: Expr["type"]) => Expr,
): string {
  if (match !== "CASE_SENSITIVE" && match !== "CASE_INSENSITIVE") throw errors.invalidValue(match, "MATCH_BY_COLUMN_NAME");
  const sensitive = match === "CASE_SENSITIVE";
  const written = stored.map((column) => {
    if (format["TYPE"] === "CSV") {
      const names = loaded.names;
      if (!names) throw errors.unsupported("MATCH_BY_COLUMN_NAME for CSV without PARSE_HEADER");
      const k = names.findIndex((n) => n === column.name || (!sensitive && n.toUpperCase() === column.name.toUpperCase()));
      return k < 0
        ? "NULL"
        : into(
            value(duck(`$${k + 1}`), () => types.text()),
            column,
          );
    }
    const get = sensitive ? "sf_get" : "sf_get_ignore_case";
    const found = `CAST(${get}(CAST("$1" AS VARCHAR), ${text(column.name)}) AS JSON)`;
    // A JSON null is no value of a column of another type.
    const kept = column.type.name === "VARIANT" ? found : `CASE WHEN json_type(${found}) <> 'NULL' THEN ${found} END`;
    return into(
      value(kept, () => types.variant),
      column,
    );
  });
  return `SELECT ${written.join(", ")} FROM ${loaded.table}`;
}

/** COPY casts by itself what is in a file, texts of VARIANT columns too. */
function fromFile(e: Expr, column: Column): string {
  const type = e.type();
  if (type?.name === "TEXT" && ["VARIANT", "OBJECT", "ARRAY"].includes(column.type.name))
    return `CAST(to_json(${e.sql()}) AS JSON)`;
  if (type?.name === "VARIANT" && column.type.name === "BINARY") return cast(e, column.type);
  return assigned(e, column);
}
