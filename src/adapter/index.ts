export { type ErrorCode, CutoverError, isCutoverError } from "../errors/index.js";
export { ansi } from "../sql/ansi/index.js";
export { inline, render, type Rendered } from "../sql/render.js";
export {
  type Identifier,
  ident,
  join,
  type Raw,
  raw,
  type ResultRef,
  type Row,
  type Sql,
  type SqlPart,
  sql,
  template,
  type TypedValue,
} from "../sql/sql.js";
export * from "../table/canonical.js";
export { type ColumnType, decimalOf, isColumnType } from "../table/types.js";
export type { Capabilities } from "./capabilities.js";
export { type AdapterSpec, defineAdapter, type Warehouse } from "./define.js";
export { type InteractiveConnection, interactive, resultJson } from "./interactive.js";
export type { AtomicBlock, BlockOp, BlockResult, Expect, Inspect, Native, NativeOp, Op, OpResult, SqlOp } from "./operations.js";
export { sqlOp } from "./sql-op.js";
export type { Batch, Fault, FaultKind, FileSet, IoOptions, Session } from "./session.js";
export { type ColumnShape, stored, type TableRef, type TableShape } from "./shapes.js";
export {
  type Compilers,
  type EngineStep,
  imageColumns,
  type Needed,
  type PortableStep,
  type ScanItem,
  type Scope,
  type Step,
  type StepKind,
  type Steps,
} from "./steps.js";
export type { Syntax } from "./syntax.js";
