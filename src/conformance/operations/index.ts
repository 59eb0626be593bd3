import type { TableRef } from "../../adapter/shapes.js";
import type { Sql } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { addedCases } from "./added.js";
import { appendCases } from "./append.js";
import { approvalCases } from "./approval.js";
import { badCases } from "./bad.js";
import { budgetCases } from "./budget.js";
import { cancelledCases } from "./cancelled.js";
import { capabilityCases } from "./capabilities.js";
import { checkKindCases } from "./checks-kinds.js";
import { checkReferenceCases } from "./checks-references.js";
import { checkResultCases } from "./checks-results.js";
import { checkTrustCases } from "./checks-trust.js";
import { cloneCases } from "./clone.js";
import { contentionCases } from "./contention.js";
import { driftCases } from "./drift.js";
import { embeddingCases } from "./embedding.js";
import { hostileCases } from "./hostile.js";
import { keyCases } from "./keys.js";
import { leaseCases } from "./lease.js";
import { memoryCases } from "./memory.js";
import { observeCases } from "./observe.js";
import { onceCases } from "./once.js";
import { overruleCases } from "./overrule.js";
import { partitionCases } from "./partition.js";
import { pendingCases } from "./pending.js";
import { pruneCases } from "./prune.js";
import { quarantineCases } from "./quarantine.js";
import { readerCases } from "./readers.js";
import { recoverCases } from "./recover.js";
import { refusedCases } from "./refused.js";
import { replaceCases } from "./replace.js";
import { retentionCases } from "./retention.js";
import { rollbackCases } from "./rollback.js";
import { sandboxCases } from "./sandbox.js";
import { secretCases } from "./secrets.js";
import { setCases } from "./sets.js";
import { typeCases } from "./types.js";
import { upsertCases } from "./upsert.js";
import { viewCases } from "./views.js";
import { windowCases } from "./windows.js";

/** What users do, through the public API. */
export const operationCases = (decorate: (table: TableRef) => readonly Sql[]): readonly CaseDefinition[] => [
  ...readerCases,
  ...onceCases,
  ...upsertCases,
  ...refusedCases,
  ...badCases,
  ...budgetCases,
  ...cancelledCases,
  ...rollbackCases,
  ...leaseCases,
  ...driftCases,
  ...overruleCases,
  ...recoverCases,
  ...hostileCases,
  ...cloneCases(decorate),
  ...setCases,
  ...sandboxCases(decorate),
  ...approvalCases,
  ...secretCases,
  ...memoryCases,
  ...retentionCases,
  ...pruneCases,
  ...viewCases,
  ...typeCases,
  ...keyCases,
  ...partitionCases,
  ...appendCases,
  ...addedCases,
  ...replaceCases,
  ...windowCases,
  ...observeCases,
  ...checkResultCases,
  ...checkKindCases,
  ...checkReferenceCases,
  ...checkTrustCases,
  ...capabilityCases,
  ...contentionCases,
  ...embeddingCases,
  ...quarantineCases,
  ...pendingCases,
];
