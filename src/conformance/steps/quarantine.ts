import type { TableRef } from "../../adapter/shapes.js";
import { quarantineId, quarantineStates } from "../../adapter/steps.js";
import { asideShapes, quarantineShapes } from "../../ledger/quarantine.js";
import type { CaseDefinition } from "../case.js";
import { shapes } from "../columns.js";
import type { Place } from "../place.js";
import { is, type Rows } from "./words.js";

const { waiting, settled, dismissed, undone } = quarantineStates;
const pipeline = "p";
const staged = (id: string, digest = id) => [id, 1n, "7", "no number", "n", "{}", digest];
const NOW = 1_000_000n;
const kept = (id: string, state: string = waiting, o: { release?: bigint; by?: bigint; of?: string; at?: bigint } = {}) => [
  ...[o.of ?? pipeline, o.release ?? 1n, ...staged(id), o.at ?? NOW, state, o.by ?? null],
];

async function desk(place: Place, rows: Rows) {
  const quarantine = place.at("quarantine");
  await place.make(quarantine, quarantineShapes(place.adapter.syntax), rows);
  const columns = shapes(place.adapter, { release: "int64", id: "string", state: "string", settled_by: "int64?" });
  return { quarantine, found: () => place.rows(quarantine, columns) };
}
async function beside(place: Place, rows: Rows): Promise<TableRef> {
  const ref = place.at("aside");
  await place.stage(ref, asideShapes(place.adapter.syntax), rows);
  return ref;
}

/** Rows that do not fit a table: put aside, read, settled, dismissed, and all of it undone. */
export const quarantineStepCases: readonly CaseDefinition[] = [
  {
    name: "setAside puts rows into a quarantine that it does not have; those of releases rolled back it has no more",
    invariant: 2,
    async run(place) {
      const { quarantine, found } = await desk(place, [kept("a"), kept("b", settled, { by: 2n }), kept("c", undone)]);
      const from = await beside(place, [
        staged("x", "a"),
        staged("y", "b"),
        staged("z", "c"),
        staged("v", "v"),
        staged("w", "v"),
      ]);
      is((await place.step({ kind: "countFresh", staged: from, quarantine })).rows, [{ fresh: 3n }], "rows to come");
      const step = { kind: "setAside" as const, staged: from, quarantine, pipeline, release: 5, keep: [1, 2, 5], forgetMs: 1 };
      await place.step(step);
      const before = [
        [1n, "a", waiting, null],
        [1n, "b", settled, 2n],
        [1n, "c", undone, null],
      ];
      const came = ["v", "w", "z"].map((id) => [5n, id, waiting, null]);
      is(await found(), [...before, ...came], "the quarantine");
      is((await place.step({ kind: "countFresh", staged: from, quarantine })).rows, [{ fresh: 0n }], "rows that are there");
      await place.step(step);
      is(await found(), [...before, ...came], "the same rows again");
    },
  },
  {
    name: "setAside removes what was settled long ago and belongs to no kept release, and nothing that waits",
    invariant: 12,
    async run(place) {
      const year = 31_536_000_000;
      const late = BigInt(Date.now()) * 1000n;
      const { quarantine, found } = await desk(place, [
        kept("waits"),
        kept("settled", settled, { by: 2n }),
        kept("dismissed", dismissed),
        kept("undone", undone),
        kept("by a kept one", settled, { by: 4n }),
        kept("of a kept one", dismissed, { release: 3n }),
        kept("lately", settled, { by: 2n, at: late }),
        kept("of another", settled, { by: 2n, of: "q" }),
      ]);
      const from = await beside(place, []);
      await place.step({ kind: "setAside", staged: from, quarantine, pipeline, release: 5, keep: [3, 4, 5], forgetMs: year });
      is(
        (await found()).map((r) => r[1]),
        ["by a kept one", "lately", "of another", "waits", "of a kept one"],
        "what is left",
      );
    },
  },
  {
    name: "readAside reads rows that wait, by id, so many at a time",
    async run(place) {
      const { quarantine } = await desk(place, [
        ...["c", "a", "b", "d"].map((id) => kept(id)),
        kept("aa", settled, { by: 2n }),
        kept("ab", waiting, { of: "q" }),
      ]);
      const read = async (after: string, limit: number) =>
        (await place.step({ kind: "readAside", quarantine, pipeline, after, limit })).rows;
      is(
        (await read("", 3)).map((r) => r["id"]),
        ["a", "b", "c"],
        "the first three",
      );
      const told = { position: "7", reason: "no number", column_name: "n", row_json: "{}", row_digest: "d" };
      is(await read("c", 3), [{ release: 1n, id: "d", load: 1n, ...told, recorded_at: NOW }], "the rest");
    },
  },
  {
    name: "settleAside settles the waiting rows that a delta names, but not those that live has newer rows for",
    invariant: 2,
    async run(place) {
      const { quarantine, found } = await desk(place, [
        ...["equal", "new", "newer", "none", "older"].map((id) => kept(id)),
        kept("gone", dismissed),
      ]);
      const columns = shapes(place.adapter, { id: "int64", seq: "int64?" });
      const ref = place.at("live");
      await place.make(ref, columns, [
        [1n, 5n],
        [2n, 5n],
        [3n, 5n],
        [4n, null],
      ]);
      const delta = place.at("delta");
      await place.stage(
        delta,
        [...columns, ...shapes(place.adapter, { [quarantineId]: "string?" })],
        [
          [1n, 4n, "older"],
          [2n, 5n, "equal"],
          [3n, 6n, "newer"],
          [4n, 1n, "none"],
          [9n, 1n, "new"],
          [9n, 2n, "gone"],
        ],
      );
      const stale = { live: await place.describe(ref), key: ["id"], cursor: "seq" };
      const step = { kind: "settleAside" as const, quarantine, pipeline, release: 7, delta };
      await place.block([{ id: "settle", step: { ...step, stale } }]);
      const states = async () => (await found()).map((r) => [r[1], r[2], r[3]]);
      is(
        await states(),
        [
          ["equal", settled, 7n],
          ["gone", dismissed, null],
          ["new", settled, 7n],
          ["newer", settled, 7n],
          ["none", settled, 7n],
          ["older", waiting, null],
        ],
        "the quarantine",
      );
      await place.block([{ id: "settle", step: { ...step, release: 8, stale: null } }]);
      is((await states()).at(-1), ["older", settled, 8n], "a row that nothing is compared with");
    },
  },
  {
    name: "dismiss gives up the waiting rows that are named",
    async run(place) {
      const { quarantine, found } = await desk(place, [
        kept("a"),
        kept("b"),
        kept("c", settled, { by: 2n }),
        kept("d", waiting, { of: "q" }),
      ]);
      const states = async () => (await found()).map((r) => r[2]);
      await place.step({ kind: "dismiss", quarantine, pipeline, ids: [] });
      is(await states(), [waiting, waiting, settled, waiting], "none named");
      await place.step({ kind: "dismiss", quarantine, pipeline, ids: ["b", "c", "d"] });
      is(await states(), [waiting, dismissed, settled, waiting], "three named");
    },
  },
  {
    name: "undoAside takes back what releases put aside and what they settled, and brings both again",
    invariant: 4,
    async run(place) {
      const rows = [
        kept("a"),
        kept("b", settled, { by: 2n }),
        kept("c", settled, { by: 3n }),
        kept("d", waiting, { release: 3n }),
        kept("e", settled, { release: 2n, by: 3n }),
        kept("f", settled, { release: 3n, by: 3n }),
        kept("g", dismissed, { release: 3n }),
        kept("h", waiting, { release: 3n, of: "q" }),
      ];
      const { quarantine, found } = await desk(place, rows);
      const states = async () => Object.fromEntries((await found()).map((r) => [r[1], r[2]]));
      const before = await found();
      const undo = { kind: "undoAside" as const, quarantine, pipeline, releases: [3, 4], direction: "undo" as const };
      await place.step(undo);
      is(
        await states(),
        { a: waiting, b: settled, c: waiting, d: undone, e: waiting, f: undone, g: dismissed, h: waiting },
        "rolled back",
      );
      await place.step({ ...undo, releases: [2] });
      is((await states())["e"], undone, "a row of a release that is rolled back next");
      await place.step({ ...undo, releases: [2], direction: "redo" });
      await place.step({ ...undo, direction: "redo" });
      is(await found(), before, "published again");
    },
  },
];
