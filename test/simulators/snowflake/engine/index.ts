import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { accounting, trim } from "./accounting.js";
import { type Catalog, newDatabase } from "./catalog.js";
import { put } from "./copy/put.js";
import type { Engine, Session } from "./engine.js";
import { macros } from "./macros.js";
import { openSession } from "./session.js";
import type { Store } from "./store.js";
import type { SimEngine, SimEngineOptions, SimSession } from "./types.js";
import { registerFunctions } from "./udfs.js";

/** An account in memory: its databases, its users, its sessions. */
export async function openEngine(o: SimEngineOptions): Promise<SimEngine> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  const own = await instance.connect();
  registerFunctions(own);
  for (const macro of macros) await own.run(`CREATE MACRO ${macro}`);
  const store: Store = { instance, own, physicals: new Map(), next: 0 };
  const clock = microseconds(o.now);
  const engine: Engine = {
    catalog: account(o, clock),
    store,
    locks: new WeakMap(),
    sessions: new Set(),
    statements: new Map(),
    directory: mkdtempSync(join(tmpdir(), "snowflake-")),
    sessionIds: 0,
    ...clock,
    tidy: () => trim(engine),
  };
  const faces = new Map<SimSession, Session>();
  return {
    async connect(options) {
      const { session, face } = await openSession(engine, o.users, options);
      faces.set(face, session);
      return face;
    },
    async put(sql, face) {
      const session = faces.get(face);
      return session ? put(session, sql) : null;
    },
    stats: () => accounting(engine),
    async close() {
      await engine.sweeping;
      own.disconnectSync();
      instance.closeSync();
      await rm(engine.directory, { recursive: true, force: true });
    },
  };
}

/** A clock in microseconds, and one that never says the same twice. */
function microseconds(given: (() => number) | undefined): Pick<Engine, "now" | "tick"> {
  let last = 0;
  const base = Date.now() - performance.now();
  const now = given ? () => Math.round(given() * 1000) : () => Math.round((base + performance.now()) * 1000);
  const tick = () => {
    last = Math.max(last + 1, now());
    return last;
  };
  return { now: () => Math.max(last, now()), tick };
}

const systemRoles = ["ACCOUNTADMIN", "SECURITYADMIN", "USERADMIN", "SYSADMIN", "PUBLIC"];

/** Roles as every account has them (docs "Overview of access control", System-defined roles), users, warehouses and databases. */
function account(o: SimEngineOptions, clock: Pick<Engine, "tick">): Catalog {
  const catalog: Catalog = {
    account: o.account,
    databases: new Map(),
    droppedDatabases: [],
    warehouses: new Map(),
    roles: new Map(),
    ids: 0,
  };
  const own = new Set([...(o.roles ?? []), ...o.users.flatMap((u) => u.roles ?? [])]);
  for (const name of new Set([...systemRoles, ...own])) {
    const custom = !systemRoles.includes(name);
    const grantedTo = custom
      ? ["SYSADMIN"]
      : name === "SYSADMIN" || name === "SECURITYADMIN"
        ? ["ACCOUNTADMIN"]
        : name === "USERADMIN"
          ? ["SECURITYADMIN"]
          : [];
    const users = o.users.filter((u) => (u.roles ?? []).includes(name)).map((u) => u.name.toUpperCase());
    catalog.roles.set(name, {
      name,
      grantedTo: new Set(grantedTo),
      users: new Set(users),
      owner: "USERADMIN",
      comment: null,
      created: clock.tick(),
    });
  }
  for (const name of o.warehouses ?? ["WH"]) {
    const grants = [{ privilege: "USAGE", role: "PUBLIC", by: "SYSADMIN", option: false, at: clock.tick() }];
    catalog.warehouses.set(name, {
      type: "WAREHOUSE",
      id: ++catalog.ids,
      name,
      owner: "SYSADMIN",
      grants,
      comment: null,
      created: clock.tick(),
    });
  }
  for (const name of o.databases ?? ["DB"]) catalog.databases.set(name, newDatabase(catalog, name, "SYSADMIN", clock.tick()));
  return catalog;
}

export type * from "./types.js";
