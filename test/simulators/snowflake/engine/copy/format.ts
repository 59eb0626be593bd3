import { cursor, path } from "../cursor.js";
import type { Session } from "../engine.js";
import { errors } from "../errors.js";
import { placeOf } from "../resolve.js";

/** Options of file formats with their defaults (docs "CREATE FILE FORMAT"); those that are not here are refused. */
const common = {
  TYPE: "CSV",
  COMPRESSION: "AUTO",
  TRIM_SPACE: "FALSE",
  NULL_IF: '["\\\\\\\\N"]',
  REPLACE_INVALID_CHARACTERS: "FALSE",
};
const byType: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  CSV: {
    ...common,
    NULL_IF: JSON.stringify(["\\N"]),
    RECORD_DELIMITER: "\n",
    FIELD_DELIMITER: ",",
    PARSE_HEADER: "FALSE",
    SKIP_HEADER: "0",
    SKIP_BLANK_LINES: "FALSE",
    ESCAPE: "NONE",
    ESCAPE_UNENCLOSED_FIELD: "\\",
    FIELD_OPTIONALLY_ENCLOSED_BY: "NONE",
    ERROR_ON_COLUMN_COUNT_MISMATCH: "TRUE",
    EMPTY_FIELD_AS_NULL: "TRUE",
    SKIP_BYTE_ORDER_MARK: "TRUE",
    ENCODING: "UTF8",
    DATE_FORMAT: "AUTO",
    TIME_FORMAT: "AUTO",
    TIMESTAMP_FORMAT: "AUTO",
    BINARY_FORMAT: "HEX",
    MULTI_LINE: "TRUE",
  },
  JSON: {
    ...common,
    NULL_IF: JSON.stringify([]),
    ALLOW_DUPLICATE: "FALSE",
    STRIP_OUTER_ARRAY: "FALSE",
    STRIP_NULL_VALUES: "FALSE",
    IGNORE_UTF8_ERRORS: "FALSE",
    SKIP_BYTE_ORDER_MARK: "TRUE",
    ENABLE_OCTAL: "FALSE",
    DATE_FORMAT: "AUTO",
    TIME_FORMAT: "AUTO",
    TIMESTAMP_FORMAT: "AUTO",
    BINARY_FORMAT: "HEX",
    MULTI_LINE: "TRUE",
  },
  PARQUET: {
    ...common,
    NULL_IF: JSON.stringify([]),
    SNAPPY_COMPRESSION: "TRUE",
    BINARY_AS_TEXT: "TRUE",
    USE_LOGICAL_TYPE: "FALSE",
    USE_VECTORIZED_SCANNER: "FALSE",
  },
};

export type Format = Readonly<Record<string, string>>;

/** The whole format from options that were written, a named format, or the stage's own. */
export function formatOf(
  session: Session,
  written: ReadonlyMap<string, string>,
  stage: ReadonlyMap<string, string> | null,
): Format {
  const name = written.get("FORMAT_NAME");
  const base =
    name === undefined ? new Map([...(written.size === 0 ? (stage ?? []) : []), ...written]) : namedFormat(session, name);
  const inner = base.get("FORMAT_NAME");
  const options = inner === undefined ? base : namedFormat(session, inner);
  const type = (options.get("TYPE") ?? "CSV").toUpperCase();
  const known = byType[type];
  if (!known) throw errors.unsupported(`file format ${type}`);
  for (const key of options.keys()) if (!(key in known)) throw errors.invalidProperty(key, "FILE_FORMAT");
  if (type === "CSV" && Number(options.get("SKIP_HEADER") ?? 0) > 0 && options.get("PARSE_HEADER")?.toUpperCase() === "TRUE") {
    throw errors.conflictingFormat();
  }
  return { ...known, ...Object.fromEntries(options), TYPE: type };
}

export function namedFormat(session: Session, text: string): ReadonlyMap<string, string> {
  const names = path(cursor(text));
  const { schema, name } = placeOf(session, names, "COPY");
  const found = schema.named.get(name);
  if (found?.type !== "FILE FORMAT") throw errors.notExists("File format", names.join("."));
  return found.format;
}

export const on = (format: Format, option: string): boolean => format[option]?.toUpperCase() === "TRUE";
export const list = (format: Format, option: string): readonly string[] => {
  const value = format[option] ?? "[]";
  return value.startsWith("[") ? (JSON.parse(value) as string[]) : [value];
};
