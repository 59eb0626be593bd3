import { DuckDBInstance } from "@duckdb/node-api";
import {
  between,
  type Candidate,
  cutover,
  type Release,
  rowCount,
  table,
  unique,
  type Validation,
  type Warehouse,
} from "cutover";
import { duckdb } from "cutover/duckdb";
import type { Owner } from "./actions.js";
import { type Fortune, fortune, mortal } from "./mortal.js";
import { contentsOf, tablesIn } from "./observe.js";
import { type Answer, answer } from "./perform.js";
import { bounds } from "./rows.js";

const items = table("items", {
  columns: { id: "int64", name: "string?", v: "int64", seq: "int64" },
  key: "id",
  cursor: "seq",
  checks: [unique("id"), between("v", { max: bounds.value }), rowCount({ max: bounds.items })],
});
const days = table("days", {
  columns: { day: "date", place: "string?", n: "int64" },
  mode: "partition",
  partition: "day",
  checks: [between("n", { max: bounds.value }), rowCount({ max: bounds.days })],
});
const log = table("log", {
  columns: { seq: "int64", what: "string?" },
  mode: "append",
  cursor: "seq",
  checks: [rowCount({ max: bounds.log })],
});
const shop = (warehouse: Warehouse, keep: number) => cutover({ warehouse, pipeline: "shop", keep, tables: { items, days, log } });
export type Shop = ReturnType<typeof shop>;
type Handle = Release<Shop["tables"]>;

/** What came of a run in a sandbox, and the rows that it left there. */
export interface Rehearsed {
  readonly run: Answer;
  readonly rows: Awaited<ReturnType<typeof contentsOf>>;
}

/** A database in memory, two owners of one pipeline, and whoever else writes to it. */
export interface World {
  readonly owners: readonly [a: Shop, b: Shop];
  owner(o: Owner): Shop;
  /** SQL on a connection that the library has no part in. */
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Keeps the handle of a release for later steps. */
  keep(slot: number, handle: Promise<Handle | Candidate>): Promise<Handle>;
  release(slot: number): Handle;
  candidate(slot: number): Candidate<Shop["tables"]>;
  /** Keeps the digest, for who approves. */
  validate(slot: number): Promise<Validation>;
  approved(slot: number): string;
  /** A run in a sandbox, which is then dropped. */
  rehearse(by: Shop, feed: Parameters<Shop["run"]>[0]): Promise<Rehearsed>;
  /** One more owner makes the calls, until it dies at its n-th contact; then another recovers. Resolves the calls that were answered. */
  dies(at: number, calls: readonly ((c: Shop) => Promise<unknown>)[]): Promise<number>;
  /** The connection is lost around the commit of this call. */
  loses<R>(side: "before" | "after", call: () => Promise<R>): Promise<R>;
  close(): Promise<void>;
}

export async function openWorld(o: { readonly keep?: number; readonly wrap?: (w: Warehouse) => Warehouse } = {}): Promise<World> {
  const instance = await DuckDBInstance.create(":memory:");
  const bare = await instance.connect();
  const fortunes: Fortune[] = [];
  const made: Shop[] = [];
  const make = (): Shop => {
    const own = fortune();
    const warehouse = duckdb({ instance });
    const p = shop(mortal(o.wrap === undefined ? warehouse : o.wrap(warehouse), own), o.keep ?? 3);
    fortunes.push(own);
    made.push(p);
    return p;
  };
  const owners = [make(), make()] as const;
  let dying: Shop | null = null;
  const slots: (Handle | null)[] = [];
  const digests: string[] = [];
  const query = async (sql: string) => (await bare.runAndReadAll(sql)).getRowObjectsJson();
  const release = (slot: number): Handle => {
    const handle = slots[slot];
    if (handle === null || handle === undefined) throw new Error(`no release in slot ${slot}`);
    return handle;
  };
  /** Time passes: what the dead left is nobody's any more. */
  const bury = async (): Promise<void> => {
    const tables = await query("SELECT table_name AS t FROM duckdb_tables() WHERE schema_name = 'cutover_ledger'");
    for (const { t } of tables)
      if (String(t).startsWith("lease_"))
        await query(`UPDATE cutover_ledger.${String(t)} SET expires_at = expires_at - INTERVAL 1 DAY WHERE owner IS NOT NULL`);
    const living = slots.slice(0, 2).flatMap((h) => (h === null || h === undefined ? [] : [h.id]));
    if (tables.some(({ t }) => t === "journal"))
      await query(
        `UPDATE cutover_ledger.journal SET payload = regexp_replace(payload, '"until":"[^"]*"', '"until":"2001-01-01T00:00:00.000Z"') WHERE event IN ('opened', 'loaded', 'validated') AND release NOT IN (${["-1", ...living].join(", ")})`,
      );
  };
  return {
    owners,
    owner: (i) => (i === 2 ? (dying as Shop) : owners[i]),
    query,
    async keep(slot, handle) {
      const kept = (await handle) as Handle;
      if (slots[slot]?.id !== kept.id) digests[slot] = "";
      slots[slot] = kept;
      return kept;
    },
    release,
    async validate(slot) {
      const found = await release(slot).validate();
      digests[slot] = found.digest;
      return found;
    },
    approved: (slot) => digests[slot] ?? "",
    candidate: (slot) => release(slot) as Candidate<Shop["tables"]>,
    async rehearse(by, feed) {
      const sandbox = await by.sandbox({ ttl: "1h" });
      const run = await answer(sandbox.run(feed));
      const rows = await contentsOf(query, sandbox.schema, await tablesIn(query));
      await sandbox.drop();
      return { run, rows };
    },
    async dies(at, calls) {
      dying = make();
      const own = fortunes.at(-1) as Fortune;
      own.contacts = at;
      let answered = 0;
      for (const call of calls) {
        await call(dying).catch(() => undefined);
        if (own.dead) break;
        answered += 1;
      }
      own.dead = true;
      slots[2] = null;
      await bury();
      await make().recover();
      return answered;
    },
    async loses(side, call) {
      for (const f of fortunes.slice(0, 2)) f.lose = side;
      try {
        return await call();
      } finally {
        for (const f of fortunes) f.lose = null;
      }
    },
    async close() {
      for (const p of made) await p.close();
      bare.closeSync();
      instance.closeSync();
    },
  };
}
