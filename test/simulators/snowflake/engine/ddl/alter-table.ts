import type { Table } from "../catalog.js";
import { identifier, list, must, path, sees, string, takes, unexpected } from "../cursor.js";
import type { Translation } from "../environment.js";
import { errors } from "../errors.js";
import { demand, keyOf, placeOf, tableOf } from "../resolve.js";
import { said } from "../run.js";
import { statementTypes } from "../statement-types.js";
import type { Act } from "./act.js";
import { addColumns, alterColumns, dropColumns, renameColumn, tagPairs } from "./alter-columns.js";
import { constraint } from "./columns.js";
import { boolean, clusterKey, days, policyOn } from "./properties.js";

const done = () => said("Statement executed successfully.", statementTypes.ddl);
const doing =
  (change: () => void): Act =>
  async () => {
    change();
    return done();
  };

/** `ALTER TABLE` (docs "ALTER TABLE", "ALTER TABLE … ALTER COLUMN"). The words ALTER TABLE are read already. */
export function alterTable(t: Translation): Act {
  const { c } = t;
  const { session } = t.statement;
  const ifExists = takes(c, "IF", "EXISTS");
  const names = path(c);
  const table = ((): Table | null => {
    try {
      return tableOf(session, names, "ALTER TABLE");
    } catch (error) {
      if (ifExists) return null;
      throw error;
    }
  })();
  if (!table) {
    c.at = c.tokens.length - 1;
    return async () => done();
  }
  demand(session, ["OWNERSHIP"], table, "table");
  if (takes(c, "RENAME", "TO")) return rename(t, table);
  if (takes(c, "SWAP", "WITH")) return swap(t, table);
  if (takes(c, "RENAME", "COLUMN")) return renameColumn(t, table);
  if (takes(c, "SET")) return set(t, table);
  if (takes(c, "UNSET")) return unset(t, table);
  if (takes(c, "CLUSTER", "BY")) {
    const key = clusterKey(c);
    return doing(() => {
      table.clusterBy = key;
    });
  }
  if (takes(c, "DROP", "CLUSTERING", "KEY"))
    return doing(() => {
      table.clusterBy = null;
    });
  if (takes(c, "SUSPEND", "RECLUSTER") || takes(c, "RESUME", "RECLUSTER")) return async () => done();
  if (takes(c, "ADD", "ROW", "ACCESS", "POLICY")) {
    const p = policyOn(c);
    return doing(() => {
      table.policies.push({ policy: p.policy, kind: "ROW_ACCESS_POLICY", column: null, columns: p.columns });
    });
  }
  if (takes(c, "DROP", "ROW", "ACCESS", "POLICY")) {
    const policy = path(c).join(".");
    return doing(() => {
      table.policies = table.policies.filter((p) => p.policy !== policy);
    });
  }
  if (takes(c, "DROP", "ALL", "ROW", "ACCESS", "POLICIES")) {
    return doing(() => {
      table.policies = table.policies.filter((p) => p.kind !== "ROW_ACCESS_POLICY");
    });
  }
  if (sees(c, "ADD", "CONSTRAINT") || sees(c, "ADD", "PRIMARY") || sees(c, "ADD", "UNIQUE") || sees(c, "ADD", "FOREIGN")) {
    must(c, "ADD");
    const k = constraint(c);
    return doing(() => {
      table.constraints.push(k);
    });
  }
  if (takes(c, "DROP", "PRIMARY", "KEY")) {
    return doing(() => {
      table.constraints = table.constraints.filter((k) => k.kind !== "PRIMARY KEY");
    });
  }
  if (takes(c, "ADD")) return addColumns(t, table);
  if (takes(c, "DROP")) return dropColumns(t, table);
  if (takes(c, "ALTER") || takes(c, "MODIFY")) return alterColumns(t, table);
  throw unexpected(c);
}

function rename(t: Translation, table: Table): Act {
  const { session } = t.statement;
  const at = placeOf(session, path(t.c), "ALTER TABLE");
  return async () => {
    if (table.session !== null) {
      const key = keyOf(at.database.name, at.schema.name, at.name);
      if (session.temporary.has(key)) throw errors.exists(at.name);
      session.temporary.delete(keyOf(table.schema.database.name, table.schema.name, table.name));
      session.temporary.set(key, table);
    } else {
      if (at.schema !== table.schema) demand(session, ["CREATE TABLE"], at.schema, "schema");
      if (at.schema.relations.has(at.name)) throw errors.exists(at.name);
      table.schema.relations.delete(table.name);
      at.schema.relations.set(at.name, table);
    }
    table.name = at.name;
    table.schema = at.schema;
    table.altered = session.engine.tick();
    return done();
  };
}

/** Two renames at once: all that belongs to either table goes with it (docs "ALTER TABLE", SWAP WITH). */
function swap(t: Translation, table: Table): Act {
  const { session } = t.statement;
  const other = tableOf(session, path(t.c), "ALTER TABLE");
  demand(session, ["OWNERSHIP"], other, "table");
  // docs "ALTER TABLE": a permanent or transient table cannot be swapped with a temporary one.
  if ((table.session === null) !== (other.session === null)) throw errors.notSupportedOn("SWAP", "temporary table");
  for (const one of [table, other]) {
    if (one.kind !== "PERMANENT" && one.kind !== "TRANSIENT" && one.kind !== "TEMPORARY" && one.kind !== "ICEBERG") {
      throw errors.notSupportedOn("SWAP", `${one.kind.toLowerCase()} table`);
    }
  }
  return async () => {
    const [a, b] = [
      { name: table.name, schema: table.schema },
      { name: other.name, schema: other.schema },
    ];
    Object.assign(table, b);
    Object.assign(other, a);
    for (const one of [table, other]) {
      if (one.session === null) one.schema.relations.set(one.name, one);
      else session.temporary.set(keyOf(one.schema.database.name, one.schema.name, one.name), one);
      one.altered = session.engine.tick();
    }
    return done();
  };
}

function set(t: Translation, table: Table): Act {
  const { c } = t;
  const changes: (() => void)[] = [];
  if (takes(c, "TAG")) {
    for (const [name, value] of tagPairs(t)) changes.push(() => void table.tags.set(name, { value, column: null }));
    return doing(() => {
      for (const change of changes) change();
    });
  }
  do {
    const name = identifier(c);
    must(c, "=");
    if (name === "COMMENT") {
      const comment = string(c);
      changes.push(() => {
        table.comment = comment;
      });
    } else if (name === "DATA_RETENTION_TIME_IN_DAYS") {
      const retention = days(c);
      if (table.kind !== "PERMANENT" && retention > 1) throw errors.invalidValue(String(retention), name);
      changes.push(() => {
        table.retention = retention;
      });
    } else if (name === "CHANGE_TRACKING" || name === "ENABLE_SCHEMA_EVOLUTION") {
      const on = boolean(c);
      changes.push(() => {
        if (name === "CHANGE_TRACKING") table.changeTracking = on;
        else table.schemaEvolution = on;
      });
    } else throw errors.invalidProperty(name, "TABLE");
    takes(c, ",");
  } while (c.tokens[c.at]?.kind === "word");
  return doing(() => {
    for (const change of changes) change();
  });
}

function unset(t: Translation, table: Table): Act {
  const { c } = t;
  if (takes(c, "TAG")) {
    const names = list(c, () => path(c).join("."));
    return doing(() => {
      for (const name of names) table.tags.delete(name);
    });
  }
  const name = identifier(c);
  if (name !== "COMMENT" && name !== "DATA_RETENTION_TIME_IN_DAYS") throw errors.invalidProperty(name, "TABLE");
  return async () => {
    if (name === "COMMENT") table.comment = null;
    else table.retention = null;
    return done();
  };
}
