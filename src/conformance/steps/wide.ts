import type { ColumnShape } from "../../adapter/shapes.js";
import { shape } from "../columns.js";
import type { Place } from "../place.js";
import { extremes, types } from "../values.js";
import type { Rows } from "./words.js";

/** The column of a wide table that bears a type. */
export const columnOf = (type: (typeof types)[number]): string => `c${types.indexOf(type)}`;
/** A key, and one column of each type, which may be NULL. */
export const wide = (place: Place): readonly ColumnShape[] => [
  shape(place.adapter, "id", "int64"),
  ...types.map((t) => shape(place.adapter, columnOf(t), `${t}?`)),
];
/** Every extreme value of every type, from the `shift`-th on, and one row of NULLs; keys from 1 on. */
export function wideRows(shift = 0): Rows {
  const longest = Math.max(...types.map((t) => extremes[t].length));
  const rows = Array.from({ length: longest }, (_, i) => types.map((t) => extremes[t][(i + shift) % extremes[t].length]));
  return [...rows, types.map(() => null)].map((r, i) => [BigInt(i + 1), ...r]);
}
