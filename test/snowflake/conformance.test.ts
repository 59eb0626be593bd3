import { conformance, withVitest } from "cutover/conformance";
import { afterAll, describe, it } from "vitest";
import { long, seedOr } from "../support/long.js";
import { simulated } from "./harness.js";

const seed = seedOr(Date.now() % 1_000_000);
const { harness, close } = await simulated();
afterAll(close);

/** Minutes by themselves here; `npm run conformance -- snowflake` and `npm run test:long` run them. */
const lengthy = /eight|hundred|megabyte|many releases|a lease that nobody renews|works longer than its lease|as many rows/;
/** Strikes between statements that Snowflake has in its own way; the other walks are in `test:long`. */
const walked = /: (run in place|run by swap|rollback over a swap): at whatever point/;

const cases = conformance({
  ...harness,
  note: (c, text) => console.log(`${c.name}: ${text}`),
  faults: long ? { pairs: "all", inside: "all", seed } : { pairs: 0, inside: "one", every: 12, seed },
});
withVitest(
  { describe, it },
  cases.filter((c) => long || (c.group === "faults" ? walked.test(c.name) : !lengthy.test(c.name))),
);
