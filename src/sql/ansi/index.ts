import type { Compilers, PortableStep } from "../../adapter/steps.js";
import type { Syntax } from "../../adapter/syntax.js";
import { captureStep } from "./capture.js";
import { checkSteps } from "./checks.js";
import { deltaSteps } from "./delta.js";
import { exchangeSteps } from "./exchange.js";
import { leaseSteps } from "./lease.js";
import { ledgerSteps } from "./ledger.js";
import { quarantineSteps } from "./quarantine.js";
import { tallySteps } from "./tally.js";
import { validateSteps } from "./validate.js";
import { viewSteps } from "./views.js";

/** Every portable step, compiled from the words of a dialect. Spread it into `steps`, then override what the engine does better. */
export function ansi(syntax: Syntax): Compilers<PortableStep> {
  return {
    ...leaseSteps(syntax),
    ...ledgerSteps(syntax),
    ...deltaSteps(syntax),
    ...captureStep(syntax),
    ...exchangeSteps(syntax),
    ...quarantineSteps(syntax),
    ...tallySteps(syntax),
    ...validateSteps(syntax),
    ...viewSteps(syntax),
    ...checkSteps(syntax),
  };
}
