import type { TableRef } from "../../adapter/shapes.js";
import type { Sql } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";

/** What each step of the contract does, compiled by the adapter and run in its session. */
export const stepCases = (_decorate: (table: TableRef) => readonly Sql[]): readonly CaseDefinition[] => [];
