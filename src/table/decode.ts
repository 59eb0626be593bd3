import type { ColumnShape } from "../adapter/shapes.js";
import type { Row } from "../sql/sql.js";
import { formatCanonical } from "./canonical.js";
import type { DeclaredColumn, JsKind } from "./definition.js";
import { findColumn, type Identifiers } from "./resolve.js";

/** The function that turns a canonical value into what the table's row type promises. */
export function decoderOf(shape: ColumnShape, js: JsKind): (v: unknown) => unknown {
  const exact = exactDecoder(shape);
  const decode: { readonly [K in JsKind]: (v: unknown) => unknown } = {
    exact,
    number: Number,
    bigint: (v) => BigInt(v as bigint),
    // A Date has milliseconds: microseconds round down, never up.
    Date: (v) => new Date(Number(floorDiv(v as bigint, 1000n))),
  };
  return (v) => (v === null || v === undefined ? null : decode[js](v));
}
export const floorDiv = (a: bigint, b: bigint): bigint => (a >= 0n || a % b === 0n ? a / b : a / b - 1n);

function exactDecoder(shape: ColumnShape): (v: unknown) => unknown {
  switch (shape.type) {
    case "date":
    case "time":
    case "timestamp":
    case "datetime":
      return (v) => formatCanonical(v, shape.type);
    case "json":
      return (v) => JSON.parse(String(v)) as unknown;
    default:
      return (v) => v;
  }
}

/** Rows as users see them, under the names that the definition gives. */
export function rowDecoder(
  shapes: readonly ColumnShape[],
  declared: readonly DeclaredColumn[] | null,
  identifiers: Identifiers,
): (row: Row) => Row {
  const columns = shapes.map((s) => {
    const d = (declared ?? []).find((c) => findColumn([s], c.name, identifiers) !== undefined);
    return [s.name, d?.name ?? s.name, decoderOf(s, d?.js ?? "exact")] as const;
  });
  return (row) => Object.fromEntries(columns.map(([from, to, decode]) => [to, decode(row[from])]));
}
/** What is secret is so however it is written. */
const anyCase: Identifiers = { fold: "none", caseSensitive: false };
/** Rows as reports hold them: JSON-safe, redacted. `known`: values are shown of the table's own columns only. */
export function sampleRow(row: Row, shapes: readonly ColumnShape[], redact: readonly string[], known = false): Row {
  const secret = redact.map((name) => ({ name }));
  return Object.fromEntries(
    Object.entries(row).map(([name, v]) => {
      if (findColumn(secret, name, anyCase) !== undefined || (known && findColumn(shapes, name, anyCase) === undefined))
        return [name, "[redacted]"];
      const type = shapes.find((s) => s.name === name)?.type;
      if (typeof v === "number" && Number.isFinite(v) && type !== "date") return [name, v];
      return [name, typeof v === "boolean" ? v : type === undefined ? (v === null ? null : String(v)) : formatCanonical(v, type)];
    }),
  );
}
