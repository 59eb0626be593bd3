import { list, must, oneOf, takes } from "../cursor.js";
import type { Ctx } from "./model.js";

/** `ORDER BY …`. NULL counts as the largest value (docs "ORDER BY", NULLS FIRST | LAST). */
export function orderBy(x: Ctx): () => string {
  const { c } = x;
  must(c, "ORDER", "BY");
  if (takes(c, "ALL")) return () => "ORDER BY ALL";
  const items = list(c, () => {
    const value = x.parse.expr(x);
    const down = oneOf(c, "ASC", "DESC") === "DESC";
    const nulls = takes(c, "NULLS") ? oneOf(c, "FIRST", "LAST") : down ? "FIRST" : "LAST";
    return () => `${value.sql()} ${down ? "DESC" : "ASC"} NULLS ${nulls}`;
  });
  return () => `ORDER BY ${items.map((item) => item()).join(", ")}`;
}
