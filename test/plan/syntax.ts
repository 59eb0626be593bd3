import { ansi, type Capabilities, formatCanonical, type Syntax, sqlOp, stored } from "cutover/adapter";
import type { Adapter } from "../../src/adapter/define.js";

/** A dialect of no engine: what the portable compilers write, in the plainest words. */
const plain = (name: string): boolean => /^[a-z_][a-z0-9_]*$/.test(name) && name !== "select";
const ident = (path: readonly string[]): string => path.map((p) => (plain(p) ? p : `"${p.replaceAll('"', '""')}"`)).join(".");
const syntax: Syntax = {
  ident,
  literal: ({ value, type }) => {
    if (value === null || value === undefined) return "NULL";
    if (type === "int64" || type === "float64" || type === "bool") return String(value);
    const text = `'${(formatCanonical(value, type) ?? "").replaceAll("'", "''")}'`;
    return type === "string" || type === "json" ? text : `${type} ${text}`;
  },
  type: (t) => t,
  fromNative: (native) => native as never,
  now: () => "now()",
  plusMs: (expr, ms) => `${expr} + ${ms} ms`,
  rowHash: (columns, alias) => `hash(${columns.map((c) => ident(alias === undefined ? [c.name] : [alias, c.name])).join(", ")})`,
  sumHash: (expr) => `sum(${expr})`,
  countIf: (expr) => `count_if(${expr})`,
  matches: (expr, pattern) => `${expr} matches '${pattern}'`,
  ageMs: (expr) => `age_ms(${expr})`,
  nullSafeEq: (a, b) => `${a} == ${b}`,
  jsonText: (expr, path) => `json_text(${expr}, '${path.join(".")}')`,
  hashVersion: "neutral-1",
};
const capabilities: Capabilities = {
  transaction: "script",
  transactionalDdl: true,
  clone: "zero-copy",
  swap: "set",
  swapGuard: "atomic",
  grants: false,
  timeTravel: false,
  estimates: false,
  files: [],
  uniqueKeysEnforced: false,
  negativeZero: true,
  maxCloneDepth: null,
  concurrentSessions: true,
  exclusiveProcess: false,
  identifiers: { fold: "lower", caseSensitive: false, maxBytes: 63, depth: 3 },
  limits: { statementBytes: 1_000_000, parameters: 1000, blockStatements: null },
};

/** An adapter of the portable compilers, with the least that a clone and a swap can be. */
export const neutral: Adapter = {
  name: "neutral",
  capabilities,
  syntax,
  steps: {
    ...ansi(syntax),
    clone: (s) => {
      const names = stored(s.from.columns)
        .map((c) => ident([c.name]))
        .join(", ");
      return [
        sqlOp(
          `CREATE TABLE ${ident(s.to.path)} AS SELECT ${names} FROM ${ident(s.from.ref.path)}${s.empty ? " WHERE FALSE" : ""}`,
        ),
      ];
    },
    swap: (s) => [
      ...(s.live === null ? [] : [sqlOp(`ALTER TABLE ${ident(s.live.ref.path)} RENAME TO ${ident(s.keepAs.path)}`)]),
      sqlOp(`ALTER TABLE ${ident(s.candidate.ref.path)} RENAME TO ${ident(s.at.path)}`),
    ],
  },
  open: () => Promise.reject(new Error("there is no engine")),
  classify: () => ({ kind: "other", outcome: "not-applied" }),
};
