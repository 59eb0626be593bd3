import { type Broken, broken, session } from "./broken.js";

/** Faults of sessions. */
export const brokenSession: readonly Broken[] = [
  broken(
    "reports one row too many",
    "session: execute tells how many rows a statement changed",
    session((s) => ({
      execute: async (op, o) => {
        const r = await s.execute(op, o);
        return { ...r, affected: r.affected === null ? null : r.affected + 1 };
      },
    })),
  ),
];
