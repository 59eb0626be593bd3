import { notNull } from "cutover";
import { describe, expect, test } from "vitest";
import type { CheckDefinition } from "../../src/check/checks.js";
import { compileChecks } from "../../src/check/compile.js";
import { anchors } from "../../src/ledger/events.js";
import { compileStep, type Plan } from "../../src/plan/compile.js";
import { fence, validate } from "../../src/plan/release.js";
import { ident } from "../../src/sql/sql.js";
import { columnsOf, idOf, inPlaceAdapters, js, matches, names, shape } from "./support.js";

describe.each(inPlaceAdapters)("%s: the ledger", (dialect, adapter) => {
  const { lease, journal, turn, claims } = names;
  const columns = columnsOf(adapter, { id: "int64!", customer: "string" });
  const live = shape(adapter, "orders", columns);
  const golden = (name: string, steps: Plan["steps"], atomic = true) => matches(dialect, name, adapter, { name, atomic, steps });

  test("taking the lease: one statement that must change one row, and one that reads all there is to know", () =>
    golden("lease", [
      {
        id: "lease",
        step: {
          kind: "lease",
          lease,
          owner: "it's me",
          process: "process-1",
          deadProcess: adapter.capabilities.exclusiveProcess,
          ttlMs: 300_000,
          releases: 1,
          instead: null,
        },
      },
      { id: "state", step: { kind: "readState", lease, journal, pipeline: "shop", anchors } },
      { id: "look", step: { kind: "readLease", lease } },
    ]));
  test("keeping it, and giving it up", () =>
    golden(
      "lease-kept",
      [
        { id: "renew", step: { kind: "renew", lease, fence: 9n, ttlMs: 300_000 } },
        { id: "free", step: { kind: "free", lease, fence: 9n, releases: 1 } },
      ],
      false,
    ));
  test("the journal, compacted: what a snapshot makes superfluous goes in the block that records it", () => {
    const common = {
      ...{ journal, pipeline: "it's shop", below: 44 },
      spare: [
        { events: ["published"], releases: [8, 9] },
        { events: ["key"], among: ["key", "key-returned"] },
        { events: ["summary"], from: 17 },
        { events: ["published", "rolled-back"], since: 1_700_000_000_000_000n },
      ],
    };
    const past = { event: "summary", at: 1_690_000_000_000_000n, fence: 5n, payload: '{"state":"published"}' };
    const rows = [
      { ...past, release: 6, seq: 30 },
      { ...past, release: 7, seq: 32 },
    ];
    const snapshot = { pipeline: "shop", release: 9, seq: 44, event: "snapshot", fence: 9n, payload: '{"state":{}}', facts: [] };
    return golden("compact", [
      fence({ lease, fence: 9n }),
      { id: "count", step: { kind: "compactable", ...common } },
      { id: "compact", step: { kind: "compact", ...common, rows } },
      { id: "record", step: { kind: "record", journal, events: [snapshot] } },
    ]);
  });
  test("views for people", () => {
    const then = columnsOf(adapter, { id: "int64!", release: "string", gone: "bool" });
    const images = [
      { changes: names.changes(idOf("orders"), "00aabbcc"), columns },
      { changes: { path: [...journal.path.slice(0, -1), "changes before"] }, columns: then },
    ];
    const ref = { path: [...journal.path.slice(0, -1), "releases"] };
    const view = { path: [...journal.path.slice(0, -1), "changes_of_orders"] };
    return golden(
      "views",
      [
        { id: "releases", step: { kind: "view", ref, shows: { what: "releases", journal }, replace: false } },
        { id: "changes", step: { kind: "view", ref: view, shows: { what: "changes", images }, replace: true } },
        { id: "none", step: { kind: "dropView", ref: view } },
      ],
      false,
    );
  });
  test("claims", () =>
    golden("claim", [
      { id: "claim", step: { kind: "claim", turn, claims, tables: [idOf("orders"), idOf("lines")], pipeline: "shop" } },
      { id: "claims", step: { kind: "readClaims", claims, tables: [idOf("orders"), idOf("lines")] } },
    ]));
  test("adopt: a baseline by one scan and the full checks", () => {
    const checks = compileChecks([notNull("id")] as unknown as CheckDefinition[], {
      alias: "orders",
      columns,
      key: ["id"],
      partition: null,
      self: ident(live.ref.path),
      effective: null,
      delta: null,
      totals: null,
      rowsBefore: null,
      against: null,
      changed: null,
      observed: {},
      referred: {},
      proven: [],
    });
    const events = [
      { pipeline: "shop", release: 6, seq: 41, event: "adopted", fence: 9n, payload: '{"tables":{}}', facts: ["orders.scan"] },
    ];
    return golden("adopt", [
      fence({ lease, fence: 9n }),
      { id: "orders.scan", step: { kind: "scan", on: live.ref, columns, expected: null } },
      ...validate([{ alias: "orders", live, checks }], js),
      { id: "record", step: { kind: "record", journal, events } },
    ]);
  });
  test("looking at a delta, and one row a key", () =>
    golden(
      "delta",
      [
        {
          id: "inspect",
          step: {
            kind: "inspect",
            delta: names.delta("t", 7, "0r"),
            key: ["id", "customer"],
            cursor: { name: "at", type: "timestamp", nullable: true, native: adapter.syntax.type("timestamp") },
            partition: null,
          },
        },
        { id: "partitions", step: { kind: "partitions", delta: names.delta("t", 7, "0r"), partition: columns[1]! } },
        {
          id: "append",
          step: { kind: "append", from: names.delta("t", 7, "0i"), to: names.delta("t", 7, "0r"), columns: ["id", "customer"] },
        },
        {
          id: "fold",
          step: {
            kind: "fold",
            from: names.delta("t", 7, "0r"),
            to: names.delta("t", 7, "0f"),
            key: ["id"],
            cursor: "customer",
            columns,
          },
        },
        {
          id: "fold-no-cursor",
          step: {
            kind: "fold",
            from: names.delta("t", 7, "0r"),
            to: names.delta("t", 7, "0f"),
            key: ["id"],
            cursor: null,
            columns,
          },
        },
      ],
      false,
    ));
  test("the ledger's own tables", () =>
    golden(
      "bootstrap",
      [
        { id: "schema", step: { kind: "createSchema", ref: names.schema, ifNotExists: true } },
        { id: "journal", step: { kind: "create", ref: journal, columns, ifNotExists: true, scratch: false } },
        {
          id: "turn",
          step: {
            kind: "seed",
            ref: turn,
            columns: [
              { ...columns[0]!, value: 1 },
              { ...columns[1]!, value: null },
            ],
          },
        },
        { id: "forget", step: { kind: "forget", changes: names.changes("t", "s"), keep: [5, 6] } },
        { id: "forget-all", step: { kind: "forget", changes: names.changes("t", "s"), keep: [] } },
        { id: "drop", step: { kind: "drop", ref: names.delta("t", 7, "0r") } },
      ],
      false,
    ));
  test("reading the journal, and a difference", () =>
    golden(
      "reading",
      [
        {
          id: "key",
          step: {
            kind: "findEvents",
            journal,
            pipeline: "shop",
            events: ["key", "key-returned"],
            payload: "it's",
            release: null,
            limit: 1,
          },
        },
        {
          id: "release",
          step: { kind: "findEvents", journal, pipeline: "shop", events: ["published"], payload: null, release: 5, limit: null },
        },
        {
          id: "page",
          step: {
            kind: "findEvents",
            journal,
            pipeline: "shop",
            events: ["published"],
            payload: null,
            release: null,
            before: 9,
            limit: 100,
          },
        },
        {
          id: "difference",
          step: {
            kind: "difference",
            columns,
            key: ["id"],
            parts: [
              { table: live.ref, sign: 1 },
              { table: { path: ["db", "main", "before"] }, sign: -1 },
              { changes: names.changes("t", "s"), release: 6, sign: 1 },
            ],
          },
        },
      ],
      false,
    ));
  test("a step that the adapter does not have is UNSUPPORTED, with a way out", () => {
    const step = { kind: "regrant", ref: live.ref, before: null, after: null, owner: true } as const;
    const { regrant: _none, ...steps } = adapter.steps;
    expect(() => compileStep({ ...adapter, steps }, step)).toThrow(/has no regrant/);
  });
});
