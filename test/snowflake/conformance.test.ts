import { conformance, type Group, withVitest } from "cutover/conformance";
import { afterAll, describe, it } from "vitest";
import { inTurn, long, seedOr } from "../support/long.js";
import { simulated } from "./harness.js";

const seed = seedOr(Date.now() % 1_000_000);
const { harness, close } = await simulated();
afterAll(close);

/** Operations that Snowflake has in its own way. The others, and every walk, are run by `npm run conformance -- snowflake` and `npm run test:long`. */
const own = /a run publishes|while candidates are swapped|what decorates live|the block "swap"|a swap over rows that others/;
const walked = /: run by swap: at whatever point/;

const asked: Readonly<Record<Group, (name: string) => boolean>> = {
  session: () => inTurn(0, 2),
  steps: () => true,
  operations: (name) => own.test(name),
  faults: (name) => walked.test(name),
};

const cases = conformance({
  ...harness,
  note: (c, text) => console.log(`${c.name}: ${text}`),
  faults: long ? { pairs: "all", inside: "all", seed } : { pairs: 0, inside: "one", every: 30, seed },
});
withVitest(
  { describe, it },
  cases.filter((c) => long || asked[c.group](c.name)),
);
