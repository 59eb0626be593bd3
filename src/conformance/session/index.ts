import type { CaseDefinition } from "../case.js";
import { blockCases } from "./blocks.js";
import { describeCases } from "./describe.js";
import { endCases } from "./ends.js";
import { errorCases } from "./errors.js";
import { executeCases } from "./execute.js";
import { inspectCases } from "./inspect.js";
import { nameCases } from "./names.js";
import { nativeCases } from "./natives.js";
import { openCases } from "./open.js";
import { refusalCases } from "./refusals.js";
import { roundTripCases } from "./round-trip.js";
import { stageCases } from "./stage.js";
import { stageFailureCases } from "./stage-fails.js";
import { streamCases } from "./stream.js";

/** What a session does by itself, without a step of the core. */
export const sessionCases: readonly CaseDefinition[] = [
  ...openCases,
  ...executeCases,
  ...roundTripCases,
  ...errorCases,
  ...blockCases,
  ...refusalCases,
  ...inspectCases,
  ...endCases,
  ...stageCases,
  ...stageFailureCases,
  ...nativeCases,
  ...streamCases,
  ...describeCases,
  ...nameCases,
];
