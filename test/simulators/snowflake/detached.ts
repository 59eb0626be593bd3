import { later } from "../shared/waiting.js";
import { errors } from "./errors.js";
import type { Queries } from "./queries.js";
import type { Session, Sessions } from "./sessions.js";

/** A session as a test sees it. */
export interface SessionFacts {
  readonly id: number;
  readonly user: string;
  /** No connection that carried its token is open. */
  readonly detached: boolean;
  /** Texts of the statements that run. */
  readonly running: readonly string[];
}

export interface Detaching {
  facts(): readonly SessionFacts[];
  detach(id: number): Promise<void>;
  expire(): Promise<readonly number[]>;
}

/**
 * SQL reference, "Transactions": a session that disconnects in a transaction leaves it and its locks; when it blocks another one and is idle
 * for five minutes, it is rolled back. "Parameters", ABORT_DETACHED_QUERY: running statements are aborted five minutes after the connection
 * is lost if true, and completed if false (the default).
 */
export function detaching(sessions: Sessions, queries: Queries): Detaching {
  const running = (s: Session) => queries.running().filter((q) => q.session === s);
  return {
    facts: () =>
      sessions
        .all()
        .map((s) => ({ id: s.id, user: s.user, detached: s.sockets.size === 0, running: running(s).map((q) => q.sql) })),
    detach: async (id) => {
      const session = sessions.get(id);
      if (!session) throw new Error(`No session ${id}.`);
      await Promise.all(
        [...session.sockets].map((socket) => new Promise<void>((closed) => socket.once("close", () => closed()).destroy())),
      );
    },
    expire: async () => {
      const gone = sessions.all().filter((s) => s.sockets.size === 0);
      const idle: Session[] = [];
      for (const session of gone) {
        const statements = running(session);
        if (truthy(session.engine.parameters.get("ABORT_DETACHED_QUERY")))
          for (const q of statements) q.cancel(errors.cancelled());
        // a transaction with a statement under way is not idle
        else if (statements.length > 0) continue;
        await rollback(session);
        idle.push(session);
      }
      return idle.map((s) => s.id);
    },
  };
}

const truthy = (value: unknown): boolean => value === true || String(value).toUpperCase() === "TRUE";

async function rollback(session: Session): Promise<void> {
  const turn = later<void>();
  const before = session.tail;
  session.tail = before.then(() => turn.promise);
  try {
    await before;
    await session.engine.execute("ROLLBACK", undefined, {
      queryId: "00000000-0000-0000-0000-000000000000",
      signal: new AbortController().signal,
    });
  } finally {
    turn.resolve();
  }
}
