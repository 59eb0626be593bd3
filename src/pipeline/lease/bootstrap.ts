import type { Step } from "../../adapter/steps.js";
import { isCutoverError } from "../../errors/index.js";
import type { LedgerNames } from "../../ledger/names.js";
import { ledgerShapes } from "../../ledger/shapes.js";
import type { Context } from "../context.js";
import { checksView, kindly, releasesView } from "../look/views.js";
import type { Work } from "../session/work.js";

/** What a ledger is made of, beside its schema. The lease last: who finds it takes the rest to be there. `releases`: the last number taken. */
export function ledgerTables(ctx: Context, names: LedgerNames, releases = 0): readonly Step[] {
  const shapes = ledgerShapes(ctx.adapter.syntax);
  const lease = shapes.lease.map((c) => (c.name === "releases" ? { ...c, value: releases } : c));
  return [
    { kind: "create", ref: names.journal, columns: shapes.journal, ifNotExists: true, scratch: false },
    { kind: "create", ref: names.claims, columns: shapes.claims, ifNotExists: true, scratch: false },
    { kind: "create", ref: names.checkResults, columns: shapes.checkResults, ifNotExists: true, scratch: false },
    { kind: "seed", ref: names.turn, columns: shapes.turn },
    { kind: "seed", ref: names.lease, columns: lease },
  ];
}

/** Makes what is missing of the ledger. Several may do so at once: each statement makes a table whole, or finds it made. */
export async function bootstrap(w: Work): Promise<void> {
  await calmly(() => w.run({ kind: "createSchema", ref: w.names.schema, ifNotExists: true }));
  for (const step of ledgerTables(w.ctx, w.names)) await calmly(() => w.run(step));
  await kindly(w, releasesView(w.names, false));
  await kindly(w, checksView(w.names, false));
}

/** Another who makes the same thing at the same time is no failure: then it is made. */
async function calmly(body: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await body();
      return;
    } catch (e) {
      if (tries >= 10 || !isCutoverError(e, "ADAPTER") || e.context.kind !== "conflict") throw e;
    }
  }
}
