import { stored } from "../../adapter/shapes.js";
import { sqlOp } from "../../adapter/sql-op.js";
import { type Compilers, imageColumns, type Step } from "../../adapter/steps.js";
import type { Syntax } from "../../adapter/syntax.js";
import { join, raw, template } from "../sql.js";
import { incoming } from "./capture.js";
import { and, as, column, columns, deleted, images, numbered, on, sameKey, sameRow, told } from "./words.js";

/** Removing one image from live and inserting the other; filling and emptying a table as a whole. */
export function exchangeSteps(syntax: Syntax): Compilers<"exchange" | "fill" | "empty"> {
  return {
    exchange: (s) => [...removal(s, syntax), ...untaken(s), ...insertion(s)],
    fill: (s) => {
      const shapes = stored(s.live.columns);
      const names = shapes.map((c) => c.name);
      return [
        sqlOp(
          template`INSERT INTO ${on(s.live.ref)} (${columns(names)}) SELECT ${join(incoming(shapes, s.given, false), ", ")} FROM ${as(on(s.delta), "d")}${s.deletes === null ? raw("") : template` WHERE NOT (${deleted(syntax, s.deletes, "d")})`}`,
          { expect: { affected: s.inserts } },
        ),
      ];
    },
    empty: (s) => [sqlOp(template`DELETE FROM ${on(s.live.ref)} WHERE TRUE`, { expect: { affected: s.rows } })],
  };
}

function removal(s: Step<"exchange">, syntax: Syntax) {
  if (s.removes === 0) return [];
  const shapes = stored(s.live.columns);
  const keyed = s.key.length > 0;
  const same = keyed ? and([sameKey(s.key, "c", "l"), sameRow(syntax, shapes, "c", "l")]) : sameRow(syntax, shapes, "c", "l");
  const gone = template`EXISTS (SELECT 1 FROM ${as(on(s.changes), "c")} WHERE ${images(s.release, s.remove, "c")} AND ${same})`;
  const live = as(on(s.live.ref), "l");
  const pruned = s.prune ?? raw("TRUE");
  if (keyed) return [sqlOp(template`DELETE FROM ${live} WHERE ${pruned} AND ${gone}`, { expect: { affected: s.removes } })];
  return keyless(s, syntax);
}

/**
 * Equal rows cannot be told apart without row addresses. So the copies that stay are first recorded as images of their
 * own kind, then all copies go, and those that stay come back.
 */
function keyless(s: Step<"exchange">, syntax: Syntax) {
  const shapes = stored(s.live.columns);
  const names = shapes.map((c) => c.name);
  const live = as(on(s.live.ref), "l");
  const hash = raw(syntax.rowHash(shapes, "l"));
  const heads = [imageColumns.release, imageColumns.image, imageColumns.op];
  const recorded = template`SELECT 1 FROM ${as(on(s.changes), "c")} WHERE ${images(s.release, s.remove, "c")} AND ${sameRow(syntax, shapes, "c", "l")}`;
  const copies = template`SELECT ${columns(names, "l")}, ${as(numbered(told(syntax, shapes, "l"), hash), "_cutover_copy")} FROM ${live} WHERE ${s.prune ?? raw("TRUE")} AND EXISTS (${recorded})`;
  const going = template`(SELECT count(*) FROM ${as(on(s.changes), "c")} WHERE ${images(s.release, s.remove, "c")} AND ${sameRow(syntax, shapes, "c", "k")})`;
  const stay = template`${column(imageColumns.release)} = ${s.release} AND ${column(imageColumns.image)} = 'stay'`;
  return [
    sqlOp(
      template`INSERT INTO ${on(s.changes)} (${columns([...heads, ...names])}) SELECT ${s.release}, 'stay', 'stay', ${columns(names, "k")} FROM ${as(template`(${copies})`, "k")} WHERE ${column("_cutover_copy", "k")} > ${going}`,
    ),
    sqlOp(
      template`SELECT ${as(template`(SELECT count(*) FROM ${live} WHERE ${s.prune ?? raw("TRUE")} AND EXISTS (${recorded})) - (SELECT count(*) FROM ${on(s.changes)} WHERE ${stay}) = (SELECT count(*) FROM ${on(s.changes)} WHERE ${images(s.release, s.remove)})`, "ok")}`,
      { expect: { holds: true }, returns: { ok: "bool" } },
    ),
    sqlOp(template`DELETE FROM ${live} WHERE ${s.prune ?? raw("TRUE")} AND EXISTS (${recorded})`),
    sqlOp(
      template`INSERT INTO ${on(s.live.ref)} (${columns(names)}) SELECT ${columns(names)} FROM ${on(s.changes)} WHERE ${stay}`,
    ),
    sqlOp(template`DELETE FROM ${on(s.changes)} WHERE ${stay}`),
  ];
}

/** Keys that others took since the images were recorded would be twice in the table; a capture of this very block has seen to it. */
function untaken(s: Step<"exchange">) {
  if (s.inserts === 0 || s.captured || s.key.length === 0) return [];
  const other = s.remove === "before" ? "after" : "before";
  const met = template`${as(on(s.changes), "c")} JOIN ${as(on(s.live.ref), "l")} ON ${sameKey(s.key, "c", "l")} AND ${s.prune ?? raw("TRUE")}`;
  return [
    sqlOp(
      template`SELECT ${as(raw("count(*)"), "taken")}, ${as(raw("count(*) = 0"), "ok")} FROM ${met} WHERE ${images(s.release, other, "c")}`,
      { expect: { holds: true }, returns: { taken: "int64", ok: "bool" } },
    ),
  ];
}

function insertion(s: Step<"exchange">) {
  if (s.inserts === 0) return [];
  const names = stored(s.live.columns).map((c) => c.name);
  const other = s.remove === "before" ? "after" : "before";
  return [
    sqlOp(
      template`INSERT INTO ${on(s.live.ref)} (${columns(names)}) SELECT ${columns(names)} FROM ${on(s.changes)} WHERE ${images(s.release, other)}`,
      { expect: { affected: s.inserts } },
    ),
  ];
}
