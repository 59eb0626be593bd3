import { retentionOf } from "../catalog.js";
import { oneOf, path, string, takes } from "../cursor.js";
import type { Act } from "../ddl/act.js";
import type { Session } from "../engine.js";
import type { Translation } from "../environment.js";
import { defaults } from "../parameters.js";
import { tableOf } from "../resolve.js";
import type { SimResult } from "../types.js";
import { listing } from "./listing.js";

/** docs "SHOW TRANSACTIONS": those of the user. */
export function showTransactions(session: Session): SimResult {
  const rows = [...session.engine.sessions].flatMap((s) =>
    s.transaction && s.user === session.user
      ? [[s.transaction.id, s.user, String(s.id), s.transaction.name, s.transaction.started, "running", "{}"]]
      : [],
  );
  return listing(["id", "user", "session", "name", "started_on:time", "state", "scope"], rows);
}

/** docs "SHOW LOCKS". */
export function showLocks(session: Session): SimResult {
  const rows: (string | number | null)[][] = [];
  for (const s of session.engine.sessions) {
    const tx = s.transaction;
    if (!tx || s.user !== session.user) continue;
    for (const lock of tx.locks) rows.push([lock.table, "PARTITIONS", tx.id, tx.started, "HOLDING", lock.acquired, tx.statement]);
    if (tx.waitsFor) rows.push([tx.waitsFor.table, "PARTITIONS", tx.id, tx.started, "WAITING", null, tx.statement]);
  }
  return listing(
    ["resource", "type", "transaction", "transaction_started_on:time", "status", "acquired_on:time", "query_id"],
    rows,
  );
}

/** `SHOW PARAMETERS [LIKE '…'] [IN SESSION | TABLE t]` (docs "SHOW PARAMETERS"). */
export function showParameters(t: Translation): Act {
  const { c } = t;
  const { session } = t.statement;
  let like = takes(c, "LIKE") ? string(c) : null;
  const where = takes(c, "IN") || takes(c, "FOR") ? oneOf(c, "SESSION", "ACCOUNT", "TABLE") : null;
  const table = where === "TABLE" ? tableOf(session, path(c)) : null;
  like ??= takes(c, "LIKE") ? string(c) : null;
  const pattern = like === null ? /^/ : new RegExp(`^${like.replaceAll("%", ".*").replaceAll("_", "[\\s\\S]")}$`, "i");
  return async () => {
    const all: (string | null)[][] = table
      ? [["DATA_RETENTION_TIME_IN_DAYS", String(retentionOf(table)), "1", table.retention === null ? "" : "TABLE", "", "NUMBER"]]
      : Object.entries(defaults).map(([name, like]) => {
          const value = session.parameters.get(name) ?? like;
          return [
            name,
            String(value),
            String(like),
            session.parameters.has(name) && value !== like ? "SESSION" : "",
            "",
            typeof like === "string" ? "STRING" : typeof like === "number" ? "NUMBER" : "BOOLEAN",
          ];
        });
    return listing(
      ["key", "value", "default", "level", "description", "type"],
      all.filter(([key]) => pattern.test(key ?? "")),
    );
  };
}
