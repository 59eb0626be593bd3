export { CutoverError, type ErrorCode, isCutoverError } from "../errors/index.js";
export { untilAbort } from "../source/abortable.js";
export { localFiles } from "../source/local-files.js";
export { ansi } from "../sql/ansi/index.js";
export { captureOwn, isOwn, type TellingApart } from "../sql/own-rows.js";
export { inline, type Rendered, render } from "../sql/render.js";
export {
  type Identifier,
  ident,
  join,
  type Raw,
  type ResultRef,
  type Row,
  raw,
  type Sql,
  type SqlPart,
  sql,
  type TypedValue,
  template,
} from "../sql/sql.js";
export { type StepWords, stepWords } from "../sql/step-words.js";
export * from "../table/canonical.js";
export { checkedText, misfitWords } from "../table/checked-text.js";
export { type ColumnType, decimalOf, isColumnType } from "../table/types.js";
export type { Capabilities } from "./capabilities.js";
export { type Adapter, type AdapterSpec, adapterOf, defineAdapter, type Warehouse } from "./define.js";
export { endedBy, endedWords, localMeaning, type Meaning, messageOf, missingDriver } from "./faults.js";
export { type InteractiveConnection, interactive, resultJson } from "./interactive.js";
export { oneAtATime } from "./one-at-a-time.js";
export type {
  AtomicBlock,
  BlockOp,
  BlockResult,
  Expect,
  Explanation,
  Inspect,
  Native,
  NativeOp,
  Op,
  OpResult,
  SqlOp,
} from "./operations.js";
export type { Batch, Fault, FaultKind, FileSet, IoOptions, Session } from "./session.js";
export { type ColumnShape, rowsOf, stored, type TableRef, type TableShape } from "./shapes.js";
export { sqlOp } from "./sql-op.js";
export {
  type Compilers,
  type Deletes,
  type EngineStep,
  type Interval,
  imageColumns,
  type Needed,
  type PortableStep,
  quarantineId,
  quarantineStates,
  type ScanItem,
  type Scope,
  type Step,
  type StepKind,
  type Steps,
  type Window,
} from "./steps.js";
export type { Syntax } from "./syntax.js";
