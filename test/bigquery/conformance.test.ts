import { conformance, type Group, withVitest } from "cutover/conformance";
import { afterAll, describe, it } from "vitest";
import { long, seedOr, shareOf } from "../support/long.js";
import { simulated } from "./harness.js";

const seed = seedOr(Date.now() % 1_000_000);
const { harness, close } = await simulated();
afterAll(close);

/**
 * Each day another part of the sessions, steps and operations, and one walk; all of it, and every walk, is run by
 * `npm run conformance -- bigquery` and `npm run test:long`.
 */
const PARTS: Readonly<Record<Exclude<Group, "faults">, number>> = { session: 8, steps: 6, operations: 14 };
const walked = /: run by swap: at whatever point/;

const cases = conformance({
  ...harness,
  note: (c, text) => console.log(`${c.name}: ${text}`),
  faults: long ? { pairs: "all", inside: "all", seed } : { pairs: 0, inside: "one", every: 30, seed },
});
const of = (group: Group) => cases.filter((c) => c.group === group);
withVitest({ describe, it }, [
  ...shareOf(of("session"), PARTS.session),
  ...shareOf(of("steps"), PARTS.steps),
  ...shareOf(of("operations"), PARTS.operations),
  ...of("faults").filter((c) => long || walked.test(c.name)),
]);
