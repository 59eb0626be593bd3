import type { TableRef } from "../../adapter/shapes.js";
import { isCutoverError } from "../../errors/index.js";
import { ledgerNames } from "../../ledger/names.js";
import type { SandboxState } from "../../ledger/state.js";
import type { Context } from "../context.js";
import { fencedSteps } from "../lease/fenced.js";
import type { Held } from "../lease/held.js";
import type { Work } from "../session/work.js";

/** What a pipeline is called in a sandbox: what it does there is told apart from what it does live. */
export const nameIn = (ctx: Context, schema: string): string => `${ctx.settings.pipeline} in ${schema}`;

/** Where the ledger of a sandbox stands: in its schema, as its tables do. */
export const namesIn = (w: Work, schema: string) => ledgerNames(w.session.home, schema, nameIn(w.ctx, schema));

/** The full name of a sandbox's schema, joined by dots. */
export const nameOf = (w: Work, { schema }: SandboxState): string => namesIn(w, schema).schema.path.join(".");

/** Those whose time is over, and those that were never finished: who has the lease knows that nobody is at it. */
export const overdue = (held: Held): readonly SandboxState[] =>
  held.state.sandboxes.filter((b) => !b.ready || b.until <= held.now);

/**
 * Drops the sandboxes that are {@link overdue}; resolves their full names. What fails is a warning, and tried again by the next; `thorough`: an error.
 */
export async function dropSandboxes(w: Work, held: Held, thorough: boolean): Promise<readonly string[]> {
  const dropped: string[] = [];
  for (const box of overdue(held)) {
    try {
      await dropSandbox(w, held, box);
      dropped.push(nameOf(w, box));
    } catch (err) {
      if (thorough || isCutoverError(err, "LEASE_LOST", "CANCELLED", "CLOSED")) throw err;
      w.ctx.log.warn({ err, schema: box.schema }, "a sandbox whose time is over could not be dropped");
      const reason = err instanceof Error ? err.message : String(err);
      const message = `the sandbox ${box.schema}, whose time is over, could not be dropped (recover() tries again): ${reason}`;
      w.warnings.push({ code: "CLEANUP", message });
    }
  }
  return dropped;
}

/** Drops a sandbox and records it. */
export async function dropSandbox(w: Work, held: Held, { schema }: SandboxState): Promise<void> {
  const ref = await ownSchema(w, schema);
  if (ref !== null) await fencedSteps(w, held, "sandbox", [{ id: "drop", step: { kind: "dropSchema", ref } }]);
  await held.append("sandbox-dropped", held.state.live, { schema }, w);
}

/** The schema of a sandbox; null: by now it is somebody else's, who has given a schema of his own that name. */
export async function ownSchema(w: Work, schema: string): Promise<TableRef | null> {
  const names = namesIn(w, schema);
  const found = await w.call("list", undefined, (o) => w.session.list(names.schema, "", o));
  const own = found.length === 0 || found.some((t) => t.path.at(-1) === names.lease.path.at(-1));
  return own ? names.schema : null;
}
