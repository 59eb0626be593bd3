import { cutover, rows, table } from "cutover";
import { expect, test } from "vitest";
import { loseAnswer } from "../support/faults.js";
import { type Hooks, interpose } from "../support/interpose.js";
import { onEveryWarehouse } from "../support/warehouse.js";

const inbox = table("inbox", { columns: { id: "int64" }, key: "id" });

onEveryWarehouse((open) => {
  /** A queue whose acknowledgement may fail, and the answer to whose publish may be lost. */
  async function desk() {
    const db = await open();
    const hooks: Hooks = {};
    const etl = db.own(cutover({ warehouse: interpose(db.warehouse, hooks), pipeline: "mail", tables: { inbox } }));
    const told: string[] = [];
    const consume = (...ids: readonly number[]) =>
      etl.run({
        inbox: rows(
          ids.map((id) => ({ id })),
          { rewindable: false, position: (r) => r.id, ack: (p) => void told.push(p) },
        ),
      });
    return { db, hooks, etl, told, consume };
  }

  test("invariant 2: a source is told of a publish whose answer was lost", async () => {
    const { hooks, told, consume } = await desk();
    await consume(1);
    loseAnswer(hooks, "publish", "after");
    const report = await consume(2);
    expect(report).toMatchObject({ status: "published", release: 2 });
    expect(told).toEqual(["1", "2"]);
  });

  test("invariant 2: what a process could not tell its source after the publish, the next run tells", async () => {
    const { etl, told, consume } = await desk();
    await etl.run({
      inbox: rows([{ id: 1 }], {
        rewindable: false,
        position: (r) => r.id,
        ack: () => {
          throw new Error("the process ended here");
        },
      }),
    });
    expect((await consume()).status).toBe("nothing-to-do");
    expect(told).toEqual(["1"]);
  });

  test("invariant 2: a publish that fails tells the source nothing", async () => {
    const { hooks, told, consume } = await desk();
    hooks.beforeBlock = (block) => {
      if (block === "publish") throw new Error("no");
    };
    await expect(consume(1)).rejects.toThrow();
    expect(told).toEqual([]);
  });
});
