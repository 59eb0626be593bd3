import { sqlOp } from "../../adapter/sql-op.js";
import { type Compilers, quarantineId, quarantineStates } from "../../adapter/steps.js";
import type { Syntax } from "../../adapter/syntax.js";
import { join, raw, type Sql, template } from "../sql.js";
import { older } from "./capture.js";
import { and, as, column, columns, on, sameKey } from "./words.js";

type QuarantineStep = "countFresh" | "setAside" | "readAside" | "settleAside" | "dismiss" | "undoAside";

const told = ["id", "load", "position", "reason", "column_name", "row_json", "row_digest"];
const shown = ["release", ...told, "recorded_at"];
const { waiting, settled, dismissed, undone } = quarantineStates;

/** Rows that did not fit, and what becomes of them. */
export function quarantineSteps(syntax: Syntax): Compilers<QuarantineStep> {
  const [state, release, by] = [column("state"), column("release"), column("settled_by")];
  const list = (values: readonly (string | number)[]): Sql =>
    join(
      values.map((v) => template`${v}`),
      ", ",
    );
  const among = (c: Sql, values: readonly (string | number)[]): Sql =>
    values.length === 0 ? raw("FALSE") : template`${c} IN (${list(values)})`;
  const own = (pipeline: string): Sql => template`${column("pipeline")} = ${pipeline}`;
  const fresh = (s: { readonly staged: { path: readonly string[] }; readonly quarantine: { path: readonly string[] } }): Sql =>
    template`FROM ${as(on(s.staged), "s")} WHERE NOT EXISTS (SELECT 1 FROM ${as(on(s.quarantine), "q")} WHERE ${column("row_digest", "q")} = ${column("row_digest", "s")} AND ${column("state", "q")} <> ${undone})`;
  return {
    countFresh: (s) => [sqlOp(template`SELECT ${as(raw("count(*)"), "fresh")} ${fresh(s)}`, { returns: { fresh: "int64" } })],
    setAside: (s) => {
      const gone = and([
        own(s.pipeline),
        template`${state} <> ${waiting}`,
        template`NOT ${among(release, s.keep)}`,
        template`NOT coalesce(${among(by, s.keep)}, FALSE)`,
        template`${column("recorded_at")} < ${raw(syntax.plusMs(syntax.now(), -s.forgetMs))}`,
      ]);
      const values = [
        template`${s.pipeline}`,
        template`${s.release}`,
        ...told.map((c) => column(c, "s")),
        raw(syntax.now()),
        template`${waiting}`,
      ];
      const names = columns(["pipeline", "release", ...told, "recorded_at", "state"]);
      return [
        sqlOp(template`DELETE FROM ${on(s.quarantine)} WHERE ${gone}`),
        sqlOp(template`INSERT INTO ${on(s.quarantine)} (${names}) SELECT ${join(values, ", ")} ${fresh(s)}`),
      ];
    },
    readAside: (s) => [
      sqlOp(
        template`SELECT ${columns(shown)} FROM ${on(s.quarantine)} WHERE ${own(s.pipeline)} AND ${state} = ${waiting} AND ${column("id")} > ${s.after} ORDER BY ${column("id")} LIMIT ${raw(String(s.limit))}`,
        {
          returns: {
            release: "int64",
            id: "string",
            load: "int64",
            position: "string",
            reason: "string",
            column_name: "string",
            row_json: "string",
            row_digest: "string",
            recorded_at: "timestamp",
          },
        },
      ),
    ],
    settleAside: (s) => {
      const superseded =
        s.stale === null
          ? raw("FALSE")
          : template`EXISTS (SELECT 1 FROM ${as(on(s.stale.live.ref), "l")} WHERE ${sameKey(s.stale.key, "d", "l")} AND ${older(s.stale.cursor)})`;
      const loaded = template`SELECT ${column(quarantineId, "d")} FROM ${as(on(s.delta), "d")} WHERE NOT ${superseded}`;
      return [
        sqlOp(
          template`UPDATE ${on(s.quarantine)} SET ${state} = ${settled}, ${by} = ${s.release} WHERE ${own(s.pipeline)} AND ${state} = ${waiting} AND ${column("id")} IN (${loaded})`,
        ),
      ];
    },
    dismiss: (s) => [
      sqlOp(
        template`UPDATE ${on(s.quarantine)} SET ${state} = ${dismissed} WHERE ${own(s.pipeline)} AND ${state} = ${waiting} AND ${among(column("id"), s.ids)}`,
      ),
    ],
    undoAside: (s) => {
      const [came, left] = [among(release, s.releases), template`coalesce(${among(by, s.releases)}, FALSE)`];
      const touched = template`${own(s.pipeline)} AND ${state} <> ${dismissed} AND (${came} OR ${left})`;
      const to =
        s.direction === "undo"
          ? template`CASE WHEN ${came} THEN ${undone} ELSE ${waiting} END`
          : template`CASE WHEN ${left} THEN ${settled} ELSE ${waiting} END`;
      return [sqlOp(template`UPDATE ${on(s.quarantine)} SET ${state} = ${to} WHERE ${touched}`)];
    },
  };
}
