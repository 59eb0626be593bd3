import type { Batch, ColumnShape, TableRef } from "cutover/adapter";
import type { Encoder } from "../encode.js";
import type { Statement } from "../render.js";
import { fromText, syntax } from "../syntax.js";
import { columnList, SCRATCH } from "../tables.js";
import { isPlain, quickEncoder } from "./quick.js";

/** Beyond one of these, a file is quicker than a statement. */
const MOST_ROWS = 10_000;
const MOST_CHARACTERS = 1_000_000;

/** Rows on their way, as text. */
export class Gathered {
  readonly rows: (string | null)[][] = [];
  private characters = 0;
  private readonly encoders: readonly Encoder[];
  private readonly plain: readonly boolean[];

  constructor(columns: readonly ColumnShape[]) {
    this.encoders = columns.map(quickEncoder);
    this.plain = columns.map((c) => isPlain(c.type));
  }
  add(batch: Batch): void {
    for (let i = 0; i < batch.rows; i++) {
      const row = this.encoders.map((encode, c) => encode(batch.columns[c]?.[i]));
      for (const cell of row) this.characters += (cell?.length ?? 0) + 3;
      this.rows.push(row);
    }
  }
  get small(): boolean {
    return this.rows.length <= MOST_ROWS && this.characters <= MOST_CHARACTERS;
  }
  /** The rows so far as lines of CSV; they are gone from here. */
  take(): string {
    this.characters = 0;
    let text = "";
    for (const row of this.rows.splice(0)) text += this.line((c) => row[c] ?? null);
    return text;
  }
  /** The rows of a batch as lines of CSV, past those that were gathered. */
  lines(batch: Batch): string {
    let text = "";
    for (let i = 0; i < batch.rows; i++) text += this.line((c) => (this.encoders[c] as Encoder)(batch.columns[c]?.[i]));
    return text;
  }
  private line(cell: (column: number) => string | null): string {
    let text = "";
    for (let c = 0; c < this.plain.length; c++) {
      const value = cell(c);
      const end = c === this.plain.length - 1 ? "\n" : ",";
      text +=
        value === null
          ? end
          : this.plain[c]
            ? value + end
            : `"${value.includes('"') ? value.replaceAll('"', '""') : value}"${end}`;
    }
    return text;
  }
}

/**
 * The table and its rows in one statement. A bind may stand in CREATE TABLE … AS, though not in a view
 * (snowpark-python: tests/integ/test_bind_variable.py).
 */
export function binds(into: TableRef, columns: readonly ColumnShape[], gathered: Gathered): Statement {
  const values = columns.map((c, i) => `${fromText(`CAST(F.VALUE[${i}] AS VARCHAR)`, c.native)} AS ${syntax.ident([c.name])}`);
  const text = `CREATE OR REPLACE TRANSIENT TABLE ${syntax.ident(into.path)} (${columnList(columns)}) ${SCRATCH} AS SELECT ${values.join(", ")} FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) AS F`;
  return { text, binds: [JSON.stringify(gathered.rows)] };
}
