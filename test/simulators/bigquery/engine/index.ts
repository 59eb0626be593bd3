import { datasets, tables } from "./catalog-rest.js";
import { openCore } from "./core.js";
import { copyJob } from "./jobs/copy.js";
import { loadJob } from "./jobs/load.js";
import { iamPolicies, rowAccessPolicies } from "./policies.js";
import { privileges } from "./privileges.js";
import { queryJob } from "./query.js";
import { listRows, streamRows } from "./rows.js";
import type { SimEngine, SimEngineOptions } from "./types.js";
import { viewColumns } from "./views.js";

/** The service behind the API, in memory: a project, its datasets, its jobs. */
export async function openEngine(o: SimEngineOptions): Promise<SimEngine> {
  const core = await openCore(o);
  const rights = privileges();
  const { catalog } = core;
  const jobs = { projectId: catalog.project };
  return {
    query: (q) => core.during(() => queryJob(core, rights, q)),
    async load(l) {
      rights.demand(l.user, "jobs.create", jobs);
      return await core.during(() => loadJob(core, rights, l));
    },
    async copy(c) {
      rights.demand(c.user, "jobs.create", jobs);
      return await core.during(() => copyJob(core, rights, c));
    },
    datasets: datasets(core, rights.demand),
    tables: tables(core, rights.demand, viewColumns(core, rights)),
    iam: iamPolicies(catalog, rights),
    rowAccessPolicies: rowAccessPolicies(catalog, rights),
    rows: (name, page, by) => core.during(() => listRows(core, rights, name, page, by)),
    stream: (name, rows, by) => core.during(() => streamRows(core, rights, name, rows, by)),
    grant: rights.grant,
    revoke: rights.revoke,
    demand: rights.demand,
    stats: core.stats,
    now: catalog.now,
    advance: core.advance,
    limit: (name, value) => core.quotas.set(name, value),
    close: core.close,
  };
}

export type * from "./types.js";
