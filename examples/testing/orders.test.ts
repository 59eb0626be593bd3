// npx tsx --test examples/testing/orders.test.ts
import assert from "node:assert/strict";
import { test } from "node:test";
import { failAt, type HowToFail, memory, read, seed } from "cutover/testing";
import { customers, night, orders } from "./orders.js";

const raw = (id: number, customer: string, cents: number, seq = id) => ({ id, customer, cents, seq });
/** A warehouse as it is after a first night, with two orders that came since. */
async function secondNight() {
  const warehouse = memory();
  await seed(warehouse, "raw.orders", [raw(1, "Ada", 1000), raw(2, "Bo", 500)]);
  assert.equal((await night(warehouse)).status, "loaded");
  await seed(warehouse, "raw.orders", [raw(3, "Ada", 250), raw(4, "Cy", 100)]);
  return warehouse;
}
const spent = async (warehouse: ReturnType<typeof memory>) =>
  (await read(warehouse, customers, { orderBy: "customer" })).map((c) => `${c.customer} ${c.cents}`);

test("a night takes over what is new, and tells what every customer has spent", async () => {
  const warehouse = await secondNight();
  assert.equal((await night(warehouse)).status, "loaded");
  assert.deepEqual(await spent(warehouse), ["Ada 1250", "Bo 500", "Cy 100"]);
  assert.equal((await night(warehouse)).status, "nothing new");
});

test("an order without a price stops the night, and changes nothing", async () => {
  const warehouse = await secondNight();
  await seed(warehouse, "raw.orders", [raw(5, "Di", 0)]);
  assert.deepEqual(await night(warehouse), { status: "refused", complaints: ["orders without a price: 1"] });
  assert.equal((await read(warehouse, orders)).length, 2);
  assert.deepEqual(await spent(warehouse), ["Ada 1000", "Bo 500"]);
});

const ways: readonly HowToFail[] = ["lost", "crash", "before", "after"];
/** Every n-th call only, where time is short. */
const every = Number(process.env["EVERY"] ?? 1);
test("wherever a night fails, the next one puts it right", async (t) => {
  let at = 1;
  for (; ; at += every) {
    const warehouse = await secondNight();
    const failing = failAt(warehouse, { at, how: ways[at % ways.length] ?? "lost" });
    await night(failing).catch(() => undefined);
    await night(warehouse);
    assert.deepEqual(await spent(warehouse), ["Ada 1250", "Bo 500", "Cy 100"], `after a failure at call ${at}`);
    if (!failing.failed()) break;
  }
  t.diagnostic(`the last call is before ${at}`);
});
