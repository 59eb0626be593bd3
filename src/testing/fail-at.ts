import type { Warehouse } from "../adapter/define.js";
import type { Step } from "../adapter/steps.js";
import { faulty } from "../conformance/faults/faulty.js";
import { wrapped } from "../conformance/wrapped.js";
import { configError } from "../pipeline/config.js";
import { adapterFor } from "./on-session.js";

/**
 * What happens at the call that fails.
 * - `before`: it is not sent, and fails.
 * - `after`: it takes effect, and fails all the same.
 * - `lost`: it takes effect, but its answer is lost, and so is the connection.
 * - `crash`: the process ends before it: this call and all that follow fail.
 *
 * Inside a transaction all of them undo the transaction.
 */
export type HowToFail = "before" | "after" | "lost" | "crash";
/** The call that fails, counted from 1, and how. */
export interface FailAt {
  readonly at: number;
  /** Default `before`. */
  readonly how?: HowToFail;
}
/** A warehouse on which one call fails. */
export interface FailingWarehouse extends Warehouse {
  /** How many calls there were: each statement inside a transaction is one, as is each session that is opened. */
  calls(): number;
  /** Whether the call that fails has come. */
  failed(): boolean;
}

const ways: readonly string[] = ["before", "after", "lost", "crash"] satisfies HowToFail[];

/**
 * The same warehouse, but its call number `at` fails, once. The data is shared: what was done is there, and a pipeline on the warehouse
 * itself goes on with it, as the next process would.
 *
 * After a `crash` on {@link memory}, a file of DuckDB, or whatever one process has to itself, that pipeline takes over at once; elsewhere
 * the lease of the crashed one has to run out first. So do not work on both at a time there.
 * @example
 * for (let at = 1; ; at++) {
 *   const warehouse = memory();
 *   const failing = failAt(warehouse, { at, how: "lost" });
 *   await loadOrders(failing).catch(() => undefined); // your code
 *   await loadOrders(warehouse); // … which is run again
 *   assert.deepEqual(await read(warehouse, orders), expected);
 *   if (!failing.failed()) break; // there were fewer calls than that
 * }
 * @throws CutoverError `CONFIG` when an argument is wrong.
 */
export function failAt(warehouse: Warehouse, fault: number | FailAt): FailingWarehouse {
  const adapter = adapterFor(warehouse);
  const { at, how } = checked(fault);
  const hit = faulty(how === "crash" ? elsewhere(warehouse) : warehouse, { at: at - 1, kind: how }, nobody);
  return Object.assign(hit.warehouse, { calls: () => hit.points.length, failed: () => hit.struck });

  /** As if by another process, whose lease is known to be dead once it has crashed. */
  function elsewhere(own: Warehouse): Warehouse {
    const lease = adapter.steps.lease;
    if (lease === undefined) return own;
    const dying = (s: Step<"lease">) => lease({ ...s, process: `${s.process} (failAt)` });
    return wrapped(own, { steps: { ...adapter.steps, lease: dying } });
  }
}
const nobody = { look: async () => undefined, takeOver: async () => undefined };

function checked(fault: number | FailAt): Required<FailAt> {
  const { at, how = "before", ...rest } = typeof fault === "object" && fault !== null ? fault : { at: fault };
  const issues = Object.keys(rest).map((path) => ({ path, message: "is no option; there are at and how" }));
  if (!((Number.isSafeInteger(at) && at >= 1) || at === Number.POSITIVE_INFINITY))
    issues.push({ path: "at", message: "expected the number of a call, from 1 on; Infinity for none" });
  if (!ways.includes(how)) issues.push({ path: "how", message: `expected one of ${ways.join(", ")}` });
  if (issues.length > 0) throw configError(issues);
  return { at, how };
}
