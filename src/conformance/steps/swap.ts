import assert from "node:assert/strict";
import type { Capabilities } from "../../adapter/capabilities.js";
import type { Inspect } from "../../adapter/operations.js";
import type { TableRef, TableShape } from "../../adapter/shapes.js";
import type { Step } from "../../adapter/steps.js";
import { compileBlock } from "../../plan/compile.js";
import { ident, type Sql, template } from "../../sql/sql.js";
import { type CaseDefinition, reason } from "../case.js";
import { shapes } from "../columns.js";
import { calm, type Place } from "../place.js";
import { clone, defaulted, refusal } from "./clone.js";
import { bag, committed, createWith, is, type Rows } from "./words.js";

const none = (c: Capabilities): string | false =>
  reason({ "the engine swaps nothing": c.swap === "none", "the engine clones nothing": c.clone === "none" });

let swaps = 0;
/** No two decisions have one mark. */
export const swapping = (
  live: TableShape | null,
  candidate: TableShape,
  at: TableRef,
  keepAs: TableRef,
  marker = `swap_${++swaps}`,
): Step<"swap"> => ({ kind: "swap", live, candidate, at, keepAs, marker });
/** As the core does it: in one block where DDL has a part in transactions. */
async function swap(place: Place, step: Step<"swap">): Promise<void> {
  if (place.adapter.capabilities.transactionalDdl) await committed(place, [{ id: "swap", step }]);
  else is((await place.step(step)).ok, true, "swapping");
}
/** Whether there is a table of that name. */
export const there = async (place: Place, ref: TableRef): Promise<boolean> =>
  (await place.session.describe(ref, calm())) !== null;
const specs = { id: "int64", note: "string?" } as const;

interface Pair {
  readonly live: TableShape;
  readonly candidate: TableShape;
  readonly kept: TableRef;
  readonly columns: ReturnType<typeof shapes>;
}
export const old: Rows = [
  [1n, "old"],
  [2n, null],
];
export const fresh: Rows = [
  [1n, "new"],
  [2n, "new"],
  [3n, "new"],
];
/** Live, and a clone of it that holds other rows. */
export async function pair(
  place: Place,
  decorations: (table: TableRef) => readonly Sql[] = () => [],
  suffix = "",
): Promise<Pair> {
  const columns = shapes(place.adapter, specs);
  const live = place.at(`live${suffix}`);
  await place.make(live, columns, old);
  for (const statement of decorations(live)) await place.execute(statement);
  const { ref } = await clone(place, live, `candidate${suffix}`, true);
  await place.add(ref, columns, fresh);
  return { live: await place.describe(live), candidate: await place.describe(ref), kept: place.at(`kept${suffix}`), columns };
}
/** What a swap back needs to know of a table that was displaced: its fingerprint is the one that it had when it was live. */
const displaced = async (place: Place, was: TableShape, ref: TableRef): Promise<TableShape> => ({
  ...(await place.describe(ref)),
  fingerprint: JSON.parse(JSON.stringify(was.fingerprint ?? null)),
});

/** Tables change places. */
export const swapCases = (decorate: (table: TableRef) => readonly Sql[]): readonly CaseDefinition[] => [
  {
    name: "swap puts the candidate where live was, and keeps what was live under the name given",
    invariant: 4,
    skip: none,
    async run(place) {
      const { live, candidate, kept, columns } = await pair(place);
      await swap(place, swapping(live, candidate, live.ref, kept));
      bag(await place.rows(live.ref, columns), fresh, "live after the swap");
      bag(await place.rows(kept, columns), old, "what was live, under its new name");
      is(await there(place, candidate.ref), false, "whether a table still bears the candidate's name");
      is((await place.describe(live.ref)).columns, live.columns, "columns of live after the swap");
      is((await place.describe(kept)).columns, live.columns, "columns of what was live");
    },
  },
  {
    name: "swap back restores rows and columns, also where the candidate had others",
    invariant: 4,
    skip: none,
    async run(place) {
      const live = await place.describe(await defaulted(place, "live"));
      const rows = await place.rows(live.ref, live.columns);
      const ref = await createWith(place, "candidate", {
        id: ["int64", "NOT NULL"],
        v: ["string", "DEFAULT 'x'"],
        more: ["timestamp", ""],
      });
      const columns = shapes(place.adapter, { id: "int64", v: "string?", more: "timestamp?" });
      await place.add(ref, columns, [[9n, "new", 1n]]);
      const candidate = await place.describe(ref);
      const [kept, undone] = [place.at("kept"), place.at("undone")];
      await swap(place, swapping(live, candidate, live.ref, kept));
      const between = await place.describe(live.ref);
      is(between.columns, candidate.columns, "columns of live after the swap");
      is(await place.rows(live.ref, columns), [[9n, "new", 1n]], "rows of live after the swap");
      await swap(place, swapping(between, await displaced(place, live, kept), live.ref, undone));
      is((await place.describe(live.ref)).columns, live.columns, "columns of live after the swap back");
      bag(await place.rows(live.ref, live.columns), rows, "rows of live after the swap back");
      is(await place.rows(undone, columns), [[9n, "new", 1n]], "rows of the candidate that was taken back");
      is(await there(place, kept), false, "whether a table still bears the name of the kept one");
      const again = await displaced(place, between, undone);
      await swap(place, swapping(await place.describe(live.ref), again, live.ref, kept));
      is(await place.rows(live.ref, columns), [[9n, "new", 1n]], "rows of live after the swap was done again");
    },
  },
  {
    name: "what the harness puts on live is on the new live after a swap, and after the way back",
    invariant: 9,
    also: [4],
    skip: (c, given) => none(c) || reason({ "the harness decorates no table": !given.decorated }),
    async run(place) {
      const { live, candidate, kept } = await pair(place, decorate);
      await swap(place, swapping(live, candidate, live.ref, kept));
      const between = await place.describe(live.ref);
      is(between.fingerprint, live.fingerprint, "what describe finds on live after a swap");
      await swap(place, swapping(between, await displaced(place, live, kept), live.ref, place.at("undone")));
      is((await place.describe(live.ref)).fingerprint, live.fingerprint, "what describe finds on live after the swap back");
    },
  },
  {
    name: "swap makes live of a candidate where there was none",
    invariant: 4,
    skip: none,
    async run(place) {
      const { live, candidate, kept, columns } = await pair(place);
      const at = place.at("first");
      await swap(place, swapping(null, candidate, at, kept));
      bag(await place.rows(at, columns), fresh, "a table that a swap made");
      is(await there(place, kept), false, "whether something was kept where there was nothing");
      is(await there(place, candidate.ref), false, "whether a table still bears the candidate's name");
      bag(await place.rows(live.ref, columns), old, "a table that has no part in it");
    },
  },
  {
    name: "swap quotes the names of tables",
    invariant: 8,
    skip: none,
    async run(place) {
      const columns = shapes(place.adapter, { order: "int64" });
      await place.make(place.at("table"), columns, [[1n]]);
      const candidate = await clone(place, place.at("table"), "select", true);
      await swap(place, swapping(await place.describe(place.at("table")), candidate, place.at("table"), place.at("from")));
      is(
        [await place.rows(place.at("table"), columns), await place.rows(place.at("from"), columns)],
        [[], [[1n]]],
        "live and kept",
      );
    },
  },
  {
    name: "swap is refused where the candidate is gone, and nothing changes",
    invariant: 7,
    skip: none,
    async run(place) {
      const { live, candidate, kept, columns } = await pair(place, decorate);
      await place.step({ kind: "drop", ref: candidate.ref });
      await assert.rejects(swap(place, swapping(live, candidate, live.ref, kept)), "a table that is gone was swapped in");
      bag(await place.rows(live.ref, columns), old, "rows of live");
      is(await place.describe(live.ref), live, "what describe finds on live");
      is(await there(place, kept), false, "whether something was kept");
    },
  },
  {
    name: "a swap that is rehearsed or refused leaves every table as it was",
    invariant: 3,
    skip: (c) => none(c) || reason({ "DDL is no part of the engine's transactions": !c.transactionalDdl }),
    async run(place) {
      const { live, candidate, kept, columns } = await pair(place, decorate);
      const step = { id: "swap", step: swapping(live, candidate, live.ref, kept) };
      is((await place.block([step], { end: "rollback" })).outcome, "rehearsed", "a rehearsal");
      const refused = await place.block([step, { id: "count", step: { kind: "count", on: live.ref, rows: 99 } }]);
      is(refused.outcome, "refused", "a block whose last step is refused");
      bag(await place.rows(live.ref, columns), old, "rows of live");
      bag(await place.rows(candidate.ref, columns), fresh, "rows of the candidate");
      is(await place.describe(live.ref), live, "what describe finds on live");
      is(await place.describe(candidate.ref), candidate, "what describe finds on the candidate");
      is(await there(place, kept), false, "whether something was kept");
    },
  },
  {
    name: "between the operations of a swap another session sees one whole version",
    invariant: 1,
    skip: (c) =>
      none(c) ||
      reason({
        "DDL is no part of the engine's transactions": !c.transactionalDdl,
        "a block runs as a script": c.transaction !== "interactive",
        "the engine has one session at a time": !c.concurrentSessions,
      }),
    async run(place) {
      const { live, candidate, kept } = await pair(place, decorate);
      const reader = await reading(place, live.ref);
      const plan = { name: "swap", atomic: true, steps: [{ id: "swap", step: swapping(live, candidate, live.ref, kept) }] };
      const block = compileBlock(place.adapter, plan, "commit", 60_000);
      const looks: Promise<string>[] = [];
      const look = (i: number): Inspect => ({
        id: `look ${i}`,
        inspect: async (query) => {
          const found = reader();
          looks.push(found);
          // A reader may have to wait for the block, so the block does not wait for it longer than some statements take.
          for (let n = 0, over = false; n < 100 && !over; n++) {
            await query(template`SELECT 1 AS here`);
            over = await Promise.race([found.then(() => true), Promise.resolve(false)]);
          }
          return { ok: true };
        },
      });
      const ops = [look(0), ...block.ops.flatMap((op, i) => [op, look(i + 1)])];
      const result = await place.session.atomic({ ...block, ops }, calm());
      is(result.outcome, "committed", "a swap that another session looks at");
      const seen = await Promise.all(looks);
      assert.ok(seen.length >= 2, "there was nothing to look between");
      is(
        seen.filter((s) => s !== "old" && s !== "new"),
        [],
        "what a reader saw that was neither the old version nor the new one",
      );
      is(await reader(), "new", "what a reader sees after the swap");
    },
  },
  {
    name: "no read fails or finds a part while tables change places",
    invariant: 1,
    skip: (c) => none(c) || reason({ "the engine has one session at a time": !c.concurrentSessions }),
    async run(place) {
      const pairOf = await pair(place);
      const reader = await reading(place, pairOf.live.ref);
      const done = new AbortController();
      const seen: string[] = [];
      const loop = (async () => {
        while (!done.signal.aborted) seen.push(await reader());
      })();
      try {
        let [live, candidate, free] = [pairOf.live, pairOf.candidate, pairOf.kept];
        for (let turn = 0; turn < 6; turn++) {
          await swap(place, swapping(live, candidate, live.ref, free));
          const was = live;
          live = await place.describe(live.ref);
          const name = candidate.ref;
          candidate = await displaced(place, was, free);
          free = name;
        }
      } finally {
        done.abort();
        await loop;
      }
      is(
        seen.filter((s) => s !== "old" && s !== "new"),
        [],
        "what a reader saw that was neither the one version nor the other",
      );
    },
  },
  {
    name: "an engine that swaps nothing says so, and what to do instead",
    skip: (c) => reason({ "the engine swaps tables": c.swap !== "none" }),
    async run(place) {
      await place.make(place.at("live"), shapes(place.adapter, specs), old);
      await place.make(place.at("candidate"), shapes(place.adapter, specs), fresh);
      const [live, candidate] = [await place.describe(place.at("live")), await place.describe(place.at("candidate"))];
      const step = swapping(live, candidate, live.ref, place.at("kept"));
      await assert.rejects(async () => swap(place, step), refusal("swap"));
    },
  },
];

/** A reader in a session of its own: the version that it sees, or what is wrong with it. */
async function reading(place: Place, ref: TableRef): Promise<() => Promise<string>> {
  const session = await place.open();
  const [id, note] = [ident(["id"]), ident(["note"])];
  const [n, fresh, top] = [ident(["n"]), ident(["fresh"]), ident(["top"])];
  const sql = template`SELECT count(*) AS ${n}, count(CASE WHEN ${note} = 'new' THEN 1 END) AS ${fresh}, max(${id}) AS ${top} FROM ${ident(ref.path)}`;
  const returns = { n: "int64", fresh: "int64", top: "int64" } as const;
  return async () => {
    try {
      const row = (await session.execute({ sql, returns }, calm())).rows[0] ?? {};
      const counts = [row["n"], row["fresh"], row["top"]].join(" ");
      return { "2 0 2": "old", "3 3 3": "new" }[counts] ?? `a part: ${counts}`;
    } catch (e) {
      return `an error: ${e instanceof Error ? e.message : String(e)}`;
    }
  };
}
