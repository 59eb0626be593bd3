import { sqlOp } from "../../adapter/sql-op.js";
import type { Compilers } from "../../adapter/steps.js";
import type { Syntax } from "../../adapter/syntax.js";
import { raw, template } from "../sql.js";
import { as, column, columns, on } from "./words.js";

type LeaseStep = "lease" | "renew" | "free" | "fence" | "readLease";

/** The lease: one row in one small table for each pipeline; the warehouse's clock decides. */
export function leaseSteps(syntax: Syntax): Compilers<LeaseStep> {
  const now = () => raw(syntax.now());
  const until = (ms: number) => raw(syntax.plusMs(syntax.now(), ms));
  const owner = column("owner");
  const process = column("process");
  const fence = column("fence");
  const releases = column("releases");
  const expires = column("expires_at");
  return {
    lease: (s) => {
      const dead = s.deadProcess ? template` OR ${process} <> ${s.process}` : raw("");
      const own = s.instead === null ? raw("") : template` OR ${fence} = ${s.instead}`;
      return [
        sqlOp(
          template`UPDATE ${on(s.lease)} SET ${owner} = ${s.owner}, ${process} = ${s.process}, ${fence} = ${fence} + 1, ${column("left_by")} = ${owner}, ${releases} = ${releases} + ${s.releases}, ${expires} = ${until(s.ttlMs)} WHERE ${owner} IS NULL OR ${expires} <= ${now()}${dead}${own}`,
          { expect: { affected: 1 } },
        ),
      ];
    },
    renew: (s) => [
      sqlOp(
        template`UPDATE ${on(s.lease)} SET ${expires} = ${until(s.ttlMs)} WHERE ${fence} = ${s.fence} AND ${owner} IS NOT NULL`,
        {
          expect: { affected: 1 },
        },
      ),
    ],
    free: (s) => [
      sqlOp(
        template`UPDATE ${on(s.lease)} SET ${owner} = NULL, ${releases} = ${releases} - ${s.releases} WHERE ${fence} = ${s.fence}`,
      ),
    ],
    fence: (s) => [
      sqlOp(
        template`UPDATE ${on(s.lease)} SET ${fence} = ${fence}${s.free ? template`, ${owner} = NULL` : raw("")} WHERE ${fence} = ${s.fence} AND ${owner} IS NOT NULL AND ${expires} > ${now()}`,
        {
          expect: { affected: 1 },
        },
      ),
    ],
    readLease: (s) => [
      sqlOp(
        template`SELECT ${columns(["owner", "process", "fence", "releases", "expires_at", "left_by"])}, ${as(template`${expires} <= ${now()}`, "expired")}, ${as(now(), "now")} FROM ${on(s.lease)}`,
        {
          returns: {
            owner: "string",
            process: "string",
            fence: "int64",
            releases: "int64",
            expires_at: "timestamp",
            left_by: "string",
            expired: "bool",
            now: "timestamp",
          },
        },
      ),
    ],
  };
}
