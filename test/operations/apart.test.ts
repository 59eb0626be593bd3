import { cutover, rows, sql, type Warehouse } from "cutover";
import { adapterOf, ident, template } from "cutover/adapter";
import { afterEach, describe, expect, test } from "vitest";
import { fault } from "../../adapters/duckdb/errors.js";
import { lost } from "../support/faults.js";
import { batch, failure, itemsTable } from "../support/fixtures.js";
import { type Hooks, interpose } from "../support/interpose.js";
import { plainDdl } from "../support/plain-ddl.js";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
const io = { signal: new AbortController().signal, tag: "test" };

/** Two owners of one pipeline on an engine whose swaps have no part in transactions. */
async function world() {
  const warehouse = plainDdl();
  const hooks: Hooks = {};
  const owner = (w: Warehouse) => {
    const etl = cutover({ warehouse: w, pipeline: "items", tables: { items: itemsTable() } });
    closing.push(() => etl.close());
    return etl;
  };
  const session = await adapterOf(warehouse)?.open(io);
  closing.push(async () => session?.close());
  const returns = { id: "int64", v: "int64" } as const;
  const content = async () =>
    (await session?.execute({ sql: template`SELECT * FROM ${ident(["main", "items"])} ORDER BY id`, returns }, io))?.rows;
  const tables = async () =>
    ((await session?.list({ path: (session?.home ?? []).slice(0, 2) }, "_cutover_", io)) ?? []).map((t) => t.path.at(-1));
  const etl = owner(interpose(warehouse, hooks));
  await etl.run({ items: rows(batch(1, 5, 1)) });
  /** The lease of an owner who stands still runs out. */
  const expire = async (): Promise<void> => {
    const ledger = { path: [...(session?.home ?? []).slice(0, 1), "cutover_ledger"] };
    const [lease] = (await session?.list(ledger, "lease_", io)) ?? [];
    const past = { value: 0n, type: "timestamp" as const };
    await session?.execute({ sql: template`UPDATE ${ident(lease?.path ?? [])} SET expires_at = ${past}` }, io);
  };
  return { hooks, etl, other: owner(warehouse), content, tables, expire };
}
const changed = async (etl: Awaited<ReturnType<typeof world>>["etl"]) => {
  const candidate = await etl.clone();
  await candidate.transform(sql`UPDATE ${candidate.refs.items} SET v = 9`);
  return candidate;
};

describe("a swap that has no part in a transaction", () => {
  test("invariant 3: an engine that refuses it for good leaves everything as it was, and the pipeline goes on", async () => {
    const { hooks, etl, content } = await world();
    const before = await content();
    const candidate = await changed(etl);
    hooks.beforeStatement = (tag) => {
      if (tag.endsWith(" swap")) throw fault("denied", "no ownership of items", "Grant it.");
    };
    const e = await failure(candidate.swap(), "PUBLISH_FAILED");
    expect(e.context.state).toBe("before");
    expect(e.message).toContain("no ownership of items");
    expect(await content()).toEqual(before);
    expect(await etl.status()).toMatchObject({ live: 1, held: null, lease: null });
    delete hooks.beforeStatement;
    expect((await candidate.swap()).status).toBe("published");
    expect((await content())?.every((r) => r["v"] === 9n)).toBe(true);
    expect((await etl.audit()).ok).toBe(true);
  });

  test("invariant 7: what was decided is carried out by the next owner, whatever he came for", async () => {
    const { hooks, etl, other, content, expire } = await world();
    const candidate = await changed(etl);
    // From the swap on nothing of this owner's gets through any more.
    hooks.beforeStatement = (tag) => {
      if (tag.endsWith(" swap") || hooks.beforeBlock !== undefined) {
        hooks.beforeBlock = () => {
          throw lost();
        };
        throw lost();
      }
    };
    const e = await failure(candidate.swap(), "PUBLISH_FAILED");
    expect(e.context.state).toBe("unknown");
    expect((await content())?.some((r) => r["v"] === 9n)).toBe(false);
    await expire();
    await other.hold("another matter");
    expect((await content())?.every((r) => r["v"] === 9n)).toBe(true);
    expect((await other.status()).live).toBe(2);
    expect((await other.audit()).ok).toBe(true);
  });

  test("invariant 5: whoever takes over in mid-swap gives the candidate another name first, so a paused owner finds none", async () => {
    const { hooks, etl, other, content, tables, expire } = await world();
    const candidate = await changed(etl);
    let seen: readonly (string | undefined)[] = [];
    hooks.beforeStatement = async (tag) => {
      if (!tag.endsWith(" swap")) return;
      delete hooks.beforeStatement;
      // The lease runs out while this owner stands still; another carries the swap on, and then releases what it has.
      await expire();
      await other.recover();
      await other.run({ items: rows(batch(1, 3, 20)) });
      seen = await tables();
    };
    const report = await candidate.swap();
    expect(report).toMatchObject({ status: "published", release: 2 });
    expect(seen).toContainEqual(expect.stringMatching(/_before_2$/));
    expect((await content())?.map((r) => [r["id"], r["v"]])).toEqual([
      [1n, 20n],
      [2n, 20n],
      [3n, 20n],
      [4n, 9n],
      [5n, 9n],
    ]);
    expect(await other.status()).toMatchObject({ live: 3, lease: null });
    expect((await other.audit()).ok).toBe(true);
  });
});
