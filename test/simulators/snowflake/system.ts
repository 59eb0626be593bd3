import { setTimeout as wait } from "node:timers/promises";
import { orAbort } from "../shared/waiting.js";
import { SimError, type SimResult } from "./engine/types.js";
import { errors } from "./errors.js";
import type { Queries } from "./queries.js";
import type { Sessions } from "./sessions.js";
import { withoutLead } from "./text.js";

/** System functions about sessions and statements, which the engine does not know. SQL reference, "System functions". */
const call = /^\s*(?:SELECT|CALL)\s+SYSTEM\$(WAIT|CANCEL_QUERY|CANCEL_ALL_QUERIES|ABORT_SESSION)\s*\(([^()]*)\)\s*;?\s*$/i;

export interface SystemCall {
  /** Cancelling does not wait for what it cancels. */
  readonly apart: boolean;
  run(signal: AbortSignal): Promise<SimResult>;
}

export function systemCall(sql: string, queries: Queries, sessions: Sessions): SystemCall | undefined {
  const found = call.exec(withoutLead(sql));
  if (!found) return undefined;
  const name = (found[1] as string).toUpperCase();
  const args = (found[2] as string).split(",").map((a) => a.trim().replace(/^'(.*)'$/s, "$1"));
  const [first = "", second = "SECONDS"] = args;
  const say = (text: string): SimResult => ({
    columns: [{ name: `SYSTEM$${name}`, type: "TEXT", nullable: true, length: 16_777_216 }],
    rows: [[text]],
    statementTypeId: 0x1000,
  });
  switch (name) {
    case "WAIT":
      return {
        apart: false,
        run: async (signal) => {
          const unit = { MILLISECONDS: 1, SECONDS: 1000, MINUTES: 60_000 }[second.toUpperCase()];
          if (unit === undefined || !(Number(first) >= 0))
            throw new SimError("001044", "42P13", "Invalid argument types for function 'SYSTEM$WAIT'");
          await orAbort(wait(Number(first) * unit, undefined, { ref: false }), signal);
          return say(`waited ${first} ${second.toLowerCase()}`);
        },
      };
    case "CANCEL_QUERY":
      return {
        apart: true,
        run: async () => {
          const query = queries.get(first);
          if (!query) throw errors.statementNotFound(first);
          if (!query.cancel(errors.cancelled())) throw errors.notRunning();
          return say(`query [${first}] terminated.`);
        },
      };
    case "CANCEL_ALL_QUERIES":
      return {
        apart: true,
        run: async () => {
          const mine = queries
            .running()
            .filter((q) => q.session.id === Number(first) && !q.sql.includes("SYSTEM$CANCEL_ALL_QUERIES"));
          return say(`${mine.filter((q) => q.cancel(errors.cancelled())).length} cancelled.`);
        },
      };
    default:
      return {
        apart: true,
        run: async () => {
          const session = sessions.get(Number(first));
          if (!session) throw new SimError("000710", "02000", `Session ${first} not found`);
          const running = queries.running().filter((q) => q.session === session && q.sql !== sql);
          for (const q of running) q.cancel(errors.cancelled());
          await Promise.all(running.map((q) => q.done));
          await sessions.end(session);
          return say(`session [${first}] terminated.`);
        },
      };
  }
}
