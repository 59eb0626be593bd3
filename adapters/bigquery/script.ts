import {
  type AtomicBlock,
  type BlockOp,
  type BlockResult,
  type Expect,
  type OpResult,
  type Row,
  render,
  type SqlOp,
} from "cutover/adapter";
import * as z from "zod";
import { fault } from "./errors.js";
import { looseJson, readLoose, readRows, rowsJson } from "./json.js";
import { trimmed } from "./render.js";
import { syntax, text } from "./syntax.js";

/** An operation as this adapter's compilers write it. */
export interface ScriptOp extends SqlOp {
  /** Variables that the statement sets or reads: a script declares them before all else. */
  readonly declare?: readonly Variable[];
  /** What comes back may be other columns than those of `returns`: rows of a user's query. */
  readonly loose?: boolean;
  /** Of a statement that only sets variables: the query that tells their values beforehand, and what they are in SQL. */
  readonly sets?: { readonly query: SqlOp; readonly values: (rows: readonly Row[]) => ReadonlyMap<string, string> };
  /** Columns of `returns` that the rows are ordered by, where that matters. */
  readonly order?: readonly string[];
}
export interface Variable {
  readonly name: string;
  readonly type: string;
}

/** A block as the one script that it is for the service, and how its one row is read. */
export interface BlockScript {
  readonly text: string;
  /** `row`: outcome, the operation that was refused, and the results, as the REST API writes them. */
  read(row: readonly unknown[]): BlockResult;
}

/** In bytes (docs: quotas, query jobs: 1 MB for a query's text), with room for the comment that names the call. */
export const LONGEST_SCRIPT = 1_000_000 - 2_000;
/** Of the rows of an explanation, in characters: a variable holds 1 MB (docs: multi-statement queries, variables). */
const LONGEST_EXPLANATION = 200_000;

/** One thing of a block that leaves a result: an operation, or an explanation of one. */
interface Part {
  readonly id: string;
  readonly op: ScriptOp;
  readonly variable: string;
}

/**
 * @throws BigQueryFault `unsupported` for JavaScript inside the block, `resources` for one that is too long for a script.
 */
export function blockScript(block: AtomicBlock): BlockScript {
  const ops = block.ops.map((item) => {
    if (!("inspect" in item)) return item;
    throw fault(
      "unsupported",
      `${item.id}: a block is one script here, which JavaScript cannot look into`,
      "Use noRows() or another check in SQL.",
    );
  });
  const parts = ops.map((b, i): Part => ({ id: b.id, op: b.op, variable: `o${i}` }));
  const explanations = ops.map((b, i) => (b.explain ?? []).map((x, k): Part => ({ id: x.id, op: x.op, variable: `x${i}_${k}` })));
  const all = [...parts, ...explanations.flat()];
  const known = new Map(all.map((p) => [p.id, p]));
  const statements = ops.flatMap((b, i) => [
    ...result(parts[i] as Part, known),
    ...explained(b, parts[i] as Part, explanations[i] ?? [], known),
    ...expected(b, known),
  ]);
  const script = framed(statements, all, block.end);
  const size = Buffer.byteLength(script);
  if (size > LONGEST_SCRIPT)
    throw fault(
      "resources",
      `the script of the block ${block.id} is ${size} bytes long, and BigQuery takes ${LONGEST_SCRIPT}`,
      "Publish fewer tables at once, or tables with fewer columns, partitions or checks.",
    );
  return { text: script, read: (row) => readResult(row, all) };
}

/** Whatever goes wrong undoes all of it; a refusal then hands back what was found, any other error is thrown again. */
function framed(statements: readonly string[], all: readonly Part[], end: AtomicBlock["end"]): string {
  const names = ["outcome", "refused_at", ...all.map((p) => p.variable)];
  const declared = new Map(all.flatMap((p) => p.op.declare ?? []).map((v) => [v.name, v.type]));
  const results = all.map((p) => `IFNULL(${p.variable}, '')`);
  return [
    `DECLARE ${names.join(", ")} STRING;`,
    ...[...declared].map(([name, type]) => `DECLARE ${name} ${type};`),
    "BEGIN",
    "BEGIN TRANSACTION;",
    ...statements,
    end === "commit" ? "COMMIT TRANSACTION;" : "ROLLBACK TRANSACTION;",
    `SET outcome = '${end === "commit" ? "committed" : "rehearsed"}';`,
    "EXCEPTION WHEN ERROR THEN",
    // The service itself rolls back what a failed script leaves open (docs: transactions, transaction scope).
    "IF refused_at IS NULL THEN RAISE; END IF;",
    "ROLLBACK TRANSACTION;",
    "SET outcome = 'refused';",
    "END;",
    `SELECT outcome, refused_at, ${results.length === 0 ? "ARRAY<STRING>[]" : `[${results.join(", ")}]`} AS results;`,
  ].join("\n");
}

type Known = ReadonlyMap<string, Part>;
const isDml = (statement: string): boolean => /^\s*(?:INSERT|UPDATE|DELETE|MERGE)\b/i.test(statement);
const statementOf = (op: ScriptOp, known: Known): string =>
  trimmed(
    render(
      op.sql,
      syntax,
      (_index, value) => syntax.literal(value),
      // As `resultJson` has it: an operation that returns nothing, or that was not run, has no rows.
      ({ resultOf }) =>
        known.get(resultOf)?.op.returns === undefined ? "'[]'" : `IFNULL(${known.get(resultOf)?.variable}, '[]')`,
    ).text,
  );

const jsonOf = (op: ScriptOp, statement: string): string =>
  op.loose || op.returns === undefined ? looseJson(statement) : rowsJson(statement, op.returns, op.order ?? []);

/** The statement, and what it came to, in its variable: rows as JSON, or the number of rows that it changed. */
function result({ op, variable }: Part, known: Known): readonly string[] {
  const statement = statementOf(op, known);
  if (op.returns !== undefined) return [`SET ${variable} = (SELECT ${jsonOf(op, statement)});`];
  return [`${statement};`, `SET ${variable} = ${isDml(statement) ? "CAST(@@row_count AS STRING)" : "'none'"};`];
}

function explained(b: BlockOp, part: Part, explanations: readonly Part[], known: Known): readonly string[] {
  return (b.explain ?? []).map((x, k) => {
    const { op, variable } = explanations[k] as Part;
    return `IF ${cellOf(part.variable, x.unless)} = 'false' THEN SET ${variable} = (SELECT ${jsonOf(op, bounded(statementOf(op, known)))}); END IF;`;
  });
}
/** As many rows as a variable holds, the shortest first: an explanation must not be what a block fails by. */
const bounded = (query: string): string =>
  `SELECT * EXCEPT (_cutover_size) FROM (SELECT _cutover_e.*, SUM(LENGTH(TO_JSON_STRING(_cutover_e))) OVER (ORDER BY LENGTH(TO_JSON_STRING(_cutover_e))) AS _cutover_size FROM (${query}\n) AS _cutover_e) WHERE _cutover_size <= ${LONGEST_EXPLANATION}`;
const cellOf = (variable: string, column: string): string =>
  `JSON_VALUE(${variable}, ${text(`$[0].${/^\w+$/.test(column) ? column : JSON.stringify(column)}`)})`;

/** What must hold of an operation: unknown is not enough. */
function expected(b: BlockOp, known: Known): readonly string[] {
  const { expect } = b.op;
  if (expect === undefined) return [];
  return [
    `IF ${condition(expect, b.id, known)} IS NOT TRUE THEN SET refused_at = ${text(b.id)}; RAISE USING MESSAGE = 'cutover: refused'; END IF;`,
  ];
}
function condition(expect: Expect, id: string, known: Known): string {
  if ("holds" in expect) {
    const holds = [id, ...(expect.also ?? [])].map((other) => {
      const variable = rowsOf(other, known);
      return variable === null ? "FALSE" : `${cellOf(variable, "ok")} = 'true' AND JSON_QUERY(${variable}, '$[1]') IS NULL`;
    });
    return `(${holds.join(" AND ")})`;
  }
  const changed = countOf(id, known);
  const { affected } = expect;
  const wanted = typeof affected === "number" ? text(String(affected)) : wantedOf(affected, known);
  return changed === null || wanted === null ? "(FALSE)" : `(${changed} = ${wanted})`;
}
function wantedOf({ sameAs, column }: { readonly sameAs: string; readonly column?: string }, known: Known): string | null {
  if (column === undefined) return countOf(sameAs, known);
  const variable = rowsOf(sameAs, known);
  return variable === null ? null : cellOf(variable, column);
}
const rowsOf = (id: string, known: Known): string | null => {
  const part = known.get(id);
  return part?.op.returns === undefined ? null : part.variable;
};
const countOf = (id: string, known: Known): string | null => {
  const part = known.get(id);
  return part === undefined || part.op.returns !== undefined ? null : part.variable;
};

const inCell = z.object({ v: z.string() });
const inRow = z.tuple([
  z.enum(["committed", "rehearsed", "refused"]),
  z.string().nullable(),
  z.array(z.union([z.string(), inCell])),
]);

function readResult(row: readonly unknown[], all: readonly Part[]): BlockResult {
  const [outcome, at, cells] = inRow.parse(row);
  const results = new Map<string, OpResult>();
  for (const [i, part] of all.entries()) {
    const cell = cells[i] ?? "";
    const found = typeof cell === "string" ? cell : cell.v;
    // What was not come to.
    if (found !== "") results.set(part.id, resultOf(part.op, found));
  }
  return outcome === "refused" ? { outcome, at: at ?? "", results } : { outcome, results };
}
function resultOf(op: ScriptOp, found: string): OpResult {
  if (!found.startsWith("[")) return { affected: found === "none" ? null : Number(found), rows: [] };
  const loose = op.loose || op.returns === undefined;
  return { affected: null, rows: loose ? readLoose(found, op.returns ?? {}) : readRows(found, op.returns ?? {}) };
}
