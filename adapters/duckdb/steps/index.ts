import { ansi, type Compilers, type PortableStep } from "cutover/adapter";
import { syntax } from "../syntax.js";
import { capture } from "./capture.js";
import { clone } from "./clone.js";
import { exchange } from "./exchange.js";
import { fill } from "./fill.js";
import { swap } from "./swap.js";
import { tally } from "./tally.js";

/** The portable steps, and the engine's own way where it is faster or the only one. */
export const steps: Compilers<PortableStep | "clone" | "swap"> = {
  ...ansi(syntax),
  capture,
  exchange,
  fill,
  clone,
  swap,
  tally,
};
