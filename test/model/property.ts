import type { Warehouse } from "cutover";
import fc from "fast-check";
import { draft } from "./drafts.js";
import type { Draft } from "./feeds.js";
import { newModel } from "./model.js";
import { script } from "./script.js";
import { type Holder, type Real, Step } from "./step.js";
import { openWorld } from "./world.js";

export interface Settings {
  readonly seed: number;
  readonly runs: number;
  readonly commands: number;
  readonly drafts?: fc.Arbitrary<Draft>;
  readonly wrap?: (w: Warehouse) => Warehouse;
}
export interface Failure {
  readonly message: string;
  /** The shrunk commands, as library calls. */
  readonly trace: readonly string[];
  readonly script: string;
}

/** Runs sequences of commands against the model. null: all of them agreed; else the smallest that did not. */
export async function disagreement(s: Settings): Promise<Failure | null> {
  let last: { trace: readonly string[]; keep: number } = { trace: [], keep: 0 };
  const property = fc.asyncProperty(
    fc.constantFrom(3, 2),
    // Long sequences are as likely as short ones: what takes several releases would hardly be met otherwise.
    fc.noBias(fc.commands([(s.drafts ?? draft).map((d) => new Step(d))], { maxCommands: s.commands, size: "max" })),
    async (keep, commands) => {
      const world = await openWorld({ keep, ...(s.wrap === undefined ? {} : { wrap: s.wrap }) });
      const real: Real = { world, trace: [] };
      const model: Holder = { now: newModel(keep) };
      try {
        await fc.asyncModelRun(() => ({ model, real }), commands);
      } catch (e) {
        last = { trace: real.trace, keep };
        throw e;
      } finally {
        await world.close();
      }
    },
  );
  const details = await fc.check(property, { seed: s.seed, numRuns: s.runs });
  if (!details.failed) return null;
  const program = script(last.trace, last.keep);
  const message = [
    `CUTOVER_SEED=${s.seed} fails: ${details.counterexamplePath ?? "no path"} is its path, after ${details.numRuns} runs and ${details.numShrinks} shrinks`,
    String(details.errorInstance instanceof Error ? details.errorInstance.message : details.errorInstance),
    "As a program, run from the root of the repository:",
    program,
  ].join("\n\n");
  return { message, trace: last.trace, script: program };
}
