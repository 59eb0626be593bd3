import { type ColumnShape, stored } from "../adapter/shapes.js";
import { imageColumns, type Step } from "../adapter/steps.js";
import type { Syntax } from "../adapter/syntax.js";
import type { ColumnType } from "../table/types.js";

/** The version of the ledger's own tables. */
const LEDGER = 1;

type Seeds = Step<"seed">["columns"];
type Words = Pick<Syntax, "type">;

const column = (syntax: Words, name: string, type: ColumnType): ColumnShape => ({
  name,
  type,
  nullable: true,
  native: syntax.type(type),
});

/** The tables of the ledger that are made once: columns of journal, claims and results, columns and first row of turn and lease. */
export function ledgerShapes(syntax: Words): {
  readonly journal: readonly ColumnShape[];
  readonly claims: readonly ColumnShape[];
  readonly checkResults: readonly ColumnShape[];
  readonly turn: Seeds;
  readonly lease: Seeds;
} {
  const of = (name: string, type: ColumnType) => column(syntax, name, type);
  return {
    journal: [
      of("pipeline", "string"),
      of("release", "int64"),
      of("seq", "int64"),
      of("event", "string"),
      of("recorded_at", "timestamp"),
      of("fence", "int64"),
      of("payload", "string"),
    ],
    claims: [of("table_name", "string"), of("pipeline", "string"), of("claimed_at", "timestamp")],
    checkResults: [
      of("pipeline", "string"),
      of("release", "int64"),
      of("recorded_at", "timestamp"),
      of("table_name", "string"),
      of("check_name", "string"),
      of("severity", "string"),
      of("trust", "string"),
      of("bound", "string"),
      of("outcome", "string"),
      of("observed", "string"),
      of("passed", "string"),
      of("message", "string"),
      of("what", "string"),
      of("allowed", "string"),
    ],
    turn: [
      { ...of("version", "int64"), value: LEDGER },
      { ...of("turn", "int64"), value: 0 },
    ],
    lease: [
      { ...of("owner", "string"), value: null },
      { ...of("process", "string"), value: null },
      { ...of("fence", "int64"), value: 0 },
      { ...of("releases", "int64"), value: 0 },
      { ...of("expires_at", "timestamp"), value: null },
      { ...of("left_by", "string"), value: null },
    ],
  };
}

/** A table of images: which release, which image, which operation, and the stored columns of the table itself. */
export const imageShapes = (syntax: Words, columns: readonly ColumnShape[]): readonly ColumnShape[] => [
  column(syntax, imageColumns.release, "int64"),
  column(syntax, imageColumns.image, "string"),
  column(syntax, imageColumns.op, "string"),
  ...stored(columns).map(({ name, type, native }) => ({ name, type, native, nullable: true })),
];
