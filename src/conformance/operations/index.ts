import type { TableRef } from "../../adapter/shapes.js";
import type { Sql } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";

/** What users do, through the public API. */
export const operationCases = (_decorate: (table: TableRef) => readonly Sql[]): readonly CaseDefinition[] => [];
