import type { CaseDefinition } from "../case.js";
import { executeCases } from "./execute.js";

/** What a session does by itself, without a step of the core. */
export const sessionCases: readonly CaseDefinition[] = [...executeCases];
