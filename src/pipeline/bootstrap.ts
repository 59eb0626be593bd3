import { isCutoverError } from "../errors/index.js";
import { ledgerShapes } from "../ledger/shapes.js";
import type { Work } from "./work.js";

/** Makes what is missing of the ledger. Several may do so at once: each statement makes a table whole, or finds it made. */
export async function bootstrap(w: Work): Promise<void> {
  const { names } = w;
  const shapes = ledgerShapes(w.ctx.adapter.syntax);
  await calmly(() => w.run({ kind: "createSchema", ref: names.schema }));
  await calmly(() => w.run({ kind: "create", ref: names.journal, columns: shapes.journal, ifNotExists: true, scratch: false }));
  await calmly(() => w.run({ kind: "create", ref: names.claims, columns: shapes.claims, ifNotExists: true, scratch: false }));
  await calmly(() => w.run({ kind: "seed", ref: names.turn, columns: shapes.turn }));
  await calmly(() => w.run({ kind: "seed", ref: names.lease, columns: shapes.lease }));
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
