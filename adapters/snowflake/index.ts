import { defineAdapter, type Warehouse } from "cutover/adapter";
import { capabilities } from "./capabilities.js";
import { classify } from "./classify.js";
import { connect } from "./connect.js";
import { readOptions, type SnowflakeOptions } from "./options.js";
import { sessionOn } from "./session.js";
import { steps } from "./steps/index.js";
import { syntax } from "./syntax.js";

export type { PoolLike, SnowflakeOptions } from "./options.js";

/**
 * A Snowflake warehouse. Nothing is opened yet: sessions log in when a pipeline needs them, and each one that was opened here is
 * ended here. A `connection` or a `pool` of the application's is used and never closed; over a single connection operations wait
 * for each other, and one with an open transaction is refused. One ALTER SESSION sets TIMEZONE, AUTOCOMMIT, LOCK_TIMEOUT,
 * STATEMENT_TIMEOUT_IN_SECONDS, ABORT_DETACHED_QUERY, QUOTED_IDENTIFIERS_IGNORE_CASE, ERROR_ON_NONDETERMINISTIC_MERGE and _UPDATE,
 * DATE_, TIME_, TIMESTAMP_ and BINARY_INPUT_FORMAT, BINARY_ and TIME_OUTPUT_FORMAT, and JSON_INDENT; they stay set on it.
 * @throws CutoverError `CONFIG` when an option is wrong.
 */
export function snowflake(options: SnowflakeOptions): Warehouse {
  const settings = readOptions(options);
  return defineAdapter({
    contract: 1,
    name: "snowflake",
    capabilities: "connection" in settings ? { ...capabilities, concurrentSessions: false } : capabilities,
    maxSessions: "maxSessions" in settings ? settings.maxSessions : undefined,
    syntax,
    steps,
    open: async (o) => sessionOn(await connect(settings, o)),
    classify,
  });
}
