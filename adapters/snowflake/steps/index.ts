import { ansi, type Compilers, type EngineStep, type PortableStep } from "cutover/adapter";
import { syntax } from "../syntax.js";
import { capture } from "./capture.js";
import { exchange } from "./exchange.js";
import { create, createSchema, record, seed } from "./ledger.js";
import { clone, mark, regrant, rename, restore, swap } from "./swap.js";
import { difference, tally } from "./tally.js";

/** The portable steps, and the service's own way where that is fewer statements, or the only one. */
export const steps: Compilers<PortableStep | EngineStep> = {
  ...ansi(syntax),
  capture,
  exchange,
  tally,
  difference,
  record,
  seed,
  create,
  createSchema,
  clone,
  swap,
  mark,
  rename,
  restore,
  regrant,
};
