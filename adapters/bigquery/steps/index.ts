import { ansi, type Compilers, type EngineStep, type PortableStep } from "cutover/adapter";
import type { BigQueryNative } from "../natives.js";
import { syntax } from "../syntax.js";
import { capture } from "./capture.js";
import { fold } from "./delta.js";
import { empty, exchange, fill } from "./exchange.js";
import { claim, create, createSchema, drop, dropSchema, readState, record } from "./ledger.js";
import { clone, mark, rename, restore, swap } from "./swap.js";
import { difference, scan, tally } from "./tally.js";
import { offenders, validate } from "./validate.js";

/** The portable steps, and the service's own way where that is fewer statements, or the only one. */
export const steps: Compilers<PortableStep | Exclude<EngineStep, "regrant">, BigQueryNative> = {
  ...ansi(syntax),
  capture,
  exchange,
  fill,
  empty,
  tally,
  scan,
  difference,
  fold,
  validate,
  offenders,
  record,
  readState,
  claim,
  create,
  createSchema,
  dropSchema,
  drop,
  clone,
  swap,
  mark,
  rename,
  restore,
};
