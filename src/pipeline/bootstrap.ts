import type { ColumnShape } from "../adapter/shapes.js";
import { isCutoverError } from "../errors/index.js";
import type { ColumnType } from "../table/types.js";
import type { Work } from "./work.js";

/** The version of the ledger's own tables. */
const LEDGER = 1;

/** Makes what is missing of the ledger. Several may do so at once: each statement makes a table whole, or finds it made. */
export async function bootstrap(w: Work): Promise<void> {
  const { names } = w;
  const type = (t: ColumnType): string => w.ctx.adapter.syntax.type(t);
  const column = (name: string, t: ColumnType): ColumnShape => ({ name, type: t, nullable: true, native: type(t) });
  const row = (name: string, t: ColumnType, value: string | number | null): ColumnShape & { value: string | number | null } => ({
    ...column(name, t),
    value,
  });
  const journal = [
    column("pipeline", "string"),
    column("release", "int64"),
    column("seq", "int64"),
    column("event", "string"),
    column("recorded_at", "timestamp"),
    column("fence", "int64"),
    column("payload", "string"),
  ];
  const claims = [column("table_name", "string"), column("pipeline", "string"), column("claimed_at", "timestamp")];
  const lease = [
    row("owner", "string", null),
    row("process", "string", null),
    row("fence", "int64", 0),
    row("releases", "int64", 0),
    row("expires_at", "timestamp", null),
    row("left_by", "string", null),
  ];
  await calmly(() => w.run({ kind: "createSchema", ref: names.schema }));
  await calmly(() => w.run({ kind: "create", ref: names.journal, columns: journal, ifNotExists: true, scratch: false }));
  await calmly(() => w.run({ kind: "create", ref: names.claims, columns: claims, ifNotExists: true, scratch: false }));
  await calmly(() =>
    w.run({ kind: "seed", ref: names.turn, columns: [row("version", "int64", LEDGER), row("turn", "int64", 0)] }),
  );
  await calmly(() => w.run({ kind: "seed", ref: names.lease, columns: lease }));
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
