import type { Adapter } from "../adapter/define.js";
import type { ColumnShape } from "../adapter/shapes.js";
import type { ColumnType } from "../table/types.js";

/** A column in the engine's own words; `?` after the type: NULL is allowed. */
export function shape(adapter: Adapter, name: string, spec: ColumnType | `${ColumnType}?`): ColumnShape {
  const nullable = spec.endsWith("?");
  const type = (nullable ? spec.slice(0, -1) : spec) as ColumnType;
  return { name, type, nullable, native: adapter.syntax.type(type) };
}
/** Columns by name: `shapes(adapter, { id: "int64", name: "string?" })`. */
export const shapes = (
  adapter: Adapter,
  specs: Readonly<Record<string, ColumnType | `${ColumnType}?`>>,
): readonly ColumnShape[] => Object.entries(specs).map(([name, spec]) => shape(adapter, name, spec));
