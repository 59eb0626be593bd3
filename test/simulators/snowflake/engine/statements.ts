import type { Binds } from "./binds.js";
import { copy } from "./copy/copy.js";
import { stageStatement } from "./copy/stage-statements.js";
import { cursor, end, next, peek, sees, takes, unexpected } from "./cursor.js";
import type { Act } from "./ddl/act.js";
import { alterTable } from "./ddl/alter-table.js";
import { comment } from "./ddl/comment.js";
import { create } from "./ddl/create.js";
import { drop, undrop } from "./ddl/drop.js";
import { grant, revoke } from "./ddl/grant.js";
import { alterContainer } from "./ddl/schemas.js";
import { remove, truncate } from "./dml/delete.js";
import { insert } from "./dml/insert.js";
import { merge } from "./dml/merge.js";
import { update } from "./dml/update.js";
import type { Statement } from "./engine.js";
import { type Translation, translation } from "./environment.js";
import { errors } from "./errors.js";
import { resultOf } from "./run.js";
import { alterSession, transaction, use } from "./session-statements.js";
import { describe } from "./show/describe.js";
import { show } from "./show/show.js";
import { statementTypes } from "./statement-types.js";
import { begin, commit, rollback, type Transaction } from "./transactions.js";
import type { SimResult } from "./types.js";

/** One statement, from its text to its result. */
export async function run(statement: Statement, binds: Binds | undefined): Promise<SimResult> {
  const c = cursor(statement.sql);
  if (peek(c).kind === "end") throw errors.empty();
  const t = translation(statement, c, binds);
  refuseSeveral(t);
  const word = peek(c).kind === "word" ? peek(c).value : sees(c, "(") ? "SELECT" : "";
  switch (word) {
    case "SELECT":
    case "WITH":
    case "VALUES":
      return select(t);
    case "INSERT":
      return change(t, insert(t, binds));
    case "UPDATE":
      return change(t, update(t));
    case "DELETE":
      return change(t, remove(t));
    case "MERGE":
      return change(t, merge(t));
    case "TRUNCATE":
      return change(t, truncate(t));
    case "COPY":
      return change(t, copy(t));
    case "BEGIN":
    case "START":
    case "COMMIT":
    case "ROLLBACK":
      return act(t, transaction(t));
    case "USE":
      return act(t, use(t));
    case "SHOW":
      return act(t, show(t));
    case "DESC":
    case "DESCRIBE":
      return act(t, describe(t));
    case "LIST":
    case "LS":
    case "REMOVE":
    case "RM":
      return act(t, stageStatement(t));
    case "CREATE":
      return define(t, create(t));
    case "DROP":
      next(c);
      return define(t, drop(t));
    case "UNDROP":
      next(c);
      return define(t, undrop(t));
    case "COMMENT":
      next(c);
      return define(t, comment(t));
    case "GRANT":
      next(c);
      return define(t, grant(t));
    case "REVOKE":
      next(c);
      return define(t, revoke(t));
    case "ALTER":
      next(c);
      return alter(t);
    default:
      throw unexpected(c);
  }
}

function alter(t: Translation): Promise<SimResult> {
  const { c } = t;
  if (takes(c, "SESSION")) return act(t, alterSession(t));
  if (takes(c, "ICEBERG", "TABLE") || takes(c, "TABLE")) return define(t, alterTable(t));
  if (takes(c, "SCHEMA")) return define(t, alterContainer(t, "SCHEMA"));
  if (takes(c, "DATABASE")) return define(t, alterContainer(t, "DATABASE"));
  throw unexpected(c);
}

/** The driver's default: one statement a request. */
function refuseSeveral(t: Translation): void {
  const { tokens } = t.c;
  const stops = tokens.flatMap((token, k) => (token.kind === "op" && token.value === ";" ? [k] : []));
  const several = stops.filter((k) => k < tokens.length - 2).length;
  if (several > 0) throw errors.statementCount(several + 1);
}

async function ready(t: Translation): Promise<void> {
  end(t.c);
  for (const step of t.prepare) await step();
  if (t.statement.signal.aborted) throw errors.canceled();
}

async function select(t: Translation): Promise<SimResult> {
  const query = t.parse.query(t);
  await ready(t);
  implicit(t);
  const sql = query.sql();
  return resultOf(t.statement.session, t.statement.describeOnly ? `SELECT * FROM (${sql}) LIMIT 0` : sql, query.columns());
}

/** With AUTOCOMMIT off, DML and queries begin a transaction (docs "Transactions", Autocommit). */
function implicit(t: Translation): void {
  const { session, queryId } = t.statement;
  if (session.parameters.get("AUTOCOMMIT") === false) session.transaction ??= begin(session.engine, queryId, true);
}

/** What describeOnly answers for statements that are no queries. */
const described = (statementTypeId: number): SimResult => ({ columns: [], rows: [], statementTypeId });

/** DML, in the open transaction or in one of its own. A statement that fails leaves an open transaction open. */
async function change(t: Translation, body: (tx: Transaction) => Promise<SimResult>): Promise<SimResult> {
  const { session, queryId } = t.statement;
  await ready(t);
  if (t.statement.describeOnly) return described(statementTypes.insert);
  implicit(t);
  const open = session.transaction;
  const tx = open ?? begin(session.engine, queryId, false);
  tx.statement = queryId;
  session.transaction = tx;
  try {
    const result = await body(tx);
    // Another session may have aborted the transaction meanwhile.
    if (session.transaction !== tx) throw errors.transactionAborted();
    tx.queryIds.push(queryId);
    if (!open) commit(session.engine, tx);
    return result;
  } catch (error) {
    if (!open) rollback(session.engine, tx);
    throw error;
  } finally {
    if (!open && session.transaction === tx) session.transaction = null;
  }
}

/** DDL commits the open transaction, then itself (docs "Transactions", DDL). */
async function define(t: Translation, body: Act): Promise<SimResult> {
  const { session } = t.statement;
  end(t.c);
  if (t.statement.describeOnly) return described(statementTypes.ddl);
  const open = session.transaction;
  if (open) {
    session.transaction = null;
    commit(session.engine, open);
  }
  await ready(t);
  return body();
}

async function act(t: Translation, body: Act): Promise<SimResult> {
  await ready(t);
  return body();
}
