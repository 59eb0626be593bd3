import type { TableRef } from "../../adapter/shapes.js";
import type { Sql } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { captureColumnCases } from "./capture-columns.js";
import { captureByKeyCases } from "./capture-key.js";
import { captureOwnCases } from "./capture-own.js";
import { captureByScopeCases } from "./capture-scope.js";
import { checkResultCases } from "./check-results.js";
import { claimCases } from "./claims.js";
import { cloneCases } from "./clone.js";
import { compactCases } from "./compact.js";
import { deltaCases } from "./delta.js";
import { differenceCases } from "./difference.js";
import { exchangeCases } from "./exchange.js";
import { exchangeRefusedCases } from "./exchange-refused.js";
import { fenceCases } from "./fence.js";
import { foldCases } from "./fold.js";
import { journalCases } from "./journal.js";
import { leaseCases } from "./lease.js";
import { observationCases } from "./observations.js";
import { offenderCases } from "./offenders.js";
import { quarantineStepCases } from "./quarantine.js";
import { restoreCases } from "./restore.js";
import { swapCases } from "./swap.js";
import { swapApartCases } from "./swap-apart.js";
import { tableCases } from "./tables.js";
import { tallyCases } from "./tally.js";
import { validateCases } from "./validate.js";
import { viewCases } from "./view.js";
import { wholeCases } from "./whole.js";

/** What each step of the contract does, compiled by the adapter and run in its session. */
export const stepCases = (decorate: (table: TableRef) => readonly Sql[]): readonly CaseDefinition[] => [
  ...leaseCases,
  ...fenceCases,
  ...tableCases,
  ...claimCases,
  ...journalCases,
  ...compactCases,
  ...viewCases,
  ...checkResultCases,
  ...deltaCases,
  ...foldCases,
  ...captureByKeyCases,
  ...captureColumnCases,
  ...captureByScopeCases,
  ...captureOwnCases,
  ...exchangeCases,
  ...exchangeRefusedCases,
  ...quarantineStepCases,
  ...wholeCases,
  ...tallyCases,
  ...differenceCases,
  ...validateCases,
  ...observationCases,
  ...offenderCases,
  ...cloneCases(decorate),
  ...swapCases(decorate),
  ...swapApartCases(decorate),
  ...restoreCases(decorate),
];
