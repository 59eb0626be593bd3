import type { Column } from "./catalog.js";
import { cursor, end } from "./cursor.js";
import { makeColumn } from "./ddl/columns.js";
import { newX } from "./execute.js";
import { lex } from "./lex.js";
import type { Privileges } from "./privileges.js";
import { scriptFor } from "./query.js";
import type { Core } from "./transactions.js";
import { outputsOf } from "./translate/outputs.js";
import { parseQuery } from "./translate/parse-query.js";
import { query } from "./translate/query.js";

/** What a view's query, given by the API, returns: its schema is stored with the view (docs "Introduction to logical views"). */
export type ViewColumns = (sql: string, user: string) => Promise<readonly Column[]>;

/** Tables that ask for a partition filter may be under a view that names none (m-lab/etl-gardener#317). */
export function viewColumns(core: Core, privileges: Privileges): ViewColumns {
  return async (sql, user) => {
    const { project, location } = core.catalog;
    const signal = new AbortController().signal;
    const none = { parameters: [], parameterMode: "NONE", defaultDataset: null, dryRun: true } as const;
    const limits = { maximumBytesBilled: null, statementByteBudget: null };
    const { env } = scriptFor(core, privileges, { sql, project, location, user, jobId: "view", signal, ...none, ...limits }).env(
      null,
    );
    const c = cursor(lex(sql).slice(0, -1));
    const q = parseQuery(c);
    end(c);
    const rows = query(await newX(env, q), q);
    return outputsOf(rows.columns, rows.value).columns.map((o) =>
      makeColumn(core.catalog, { name: o.name as string, type: o.type, required: false, default: null }, null),
    );
  };
}
