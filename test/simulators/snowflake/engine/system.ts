import { latest } from "./catalog.js";
import { cursor, end, path } from "./cursor.js";
import { type DataType, described, types } from "./datatype.js";
import type { Translation } from "./environment.js";
import { errors } from "./errors.js";
import { text } from "./names.js";
import { tableOf } from "./resolve.js";
import { rollback } from "./transactions.js";
import type { Expr } from "./translate/model.js";

/** docs "System functions". */
export function systemFunction(t: Translation, name: string, args: readonly Expr[]): { sql: string; type: DataType } | undefined {
  const { session, signal } = t.statement;
  const { engine } = session;
  const constant = (k: number): string => {
    const value = args[k]?.constant;
    if (value === undefined) throw errors.unsupported(`${name} of what is no constant`);
    return value;
  };
  switch (name) {
    // Nanoseconds of the last commit that changed the table; the documentation calls it a token that grows.
    case "SYSTEM$LAST_CHANGE_COMMIT_TIME": {
      const c = cursor(constant(0));
      const names = path(c);
      end(c);
      return { sql: `CAST(${latest(tableOf(session, names)).at} AS HUGEINT) * 1000`, type: types.number() };
    }
    case "SYSTEM$TYPEOF": {
      const e = args[0];
      const type = e?.type();
      if (!type) throw errors.unsupported("SYSTEM$TYPEOF of an expression whose type is not known here");
      return { sql: text(`${described(type)}[LOB]`), type: types.text() };
    }
    case "SYSTEM$WAIT": {
      const n = Number(constant(0));
      const unit = (args[1]?.constant ?? "SECONDS").toUpperCase();
      const factor = { MILLISECONDS: 1, SECONDS: 1000, MINUTES: 60_000, HOURS: 3_600_000, DAYS: 86_400_000 }[unit];
      if (factor === undefined) throw errors.invalidValue(unit, name);
      t.prepare.push(() => pause(n * factor, signal));
      return { sql: text(`waited ${n} ${unit.toLowerCase()}`), type: types.text() };
    }
    case "SYSTEM$ABORT_TRANSACTION": {
      const id = constant(0);
      t.prepare.push(async () => {
        const owner = [...engine.sessions].find((s) => s.transaction?.id === id && s.transaction.explicit);
        if (!owner?.transaction) return;
        if (owner.user !== session.user && session.role !== "ACCOUNTADMIN") throw errors.insufficient("transaction", id);
        rollback(engine, owner.transaction);
        owner.transaction = null;
      });
      return { sql: text(`Transaction ${id} aborted.`), type: types.text() };
    }
    case "SYSTEM$ABORT_SESSION": {
      const id = Number(constant(0));
      t.prepare.push(async () => {
        const other = [...engine.sessions].find((s) => s.id === id);
        if (!other) throw errors.noOperation();
        if (other.transaction) rollback(engine, other.transaction);
        other.transaction = null;
        other.aborted = true;
      });
      return { sql: text("Session aborted."), type: types.text() };
    }
    default:
      return undefined;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, ms);
    const abort = () => {
      clearTimeout(timer);
      reject(errors.canceled());
    };
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
  });
}
