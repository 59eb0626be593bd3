import type { Database, Schema } from "../catalog.js";
import { identifier, integer, oneOf, path, peek, string, takes } from "../cursor.js";
import type { Session } from "../engine.js";
import type { Translation } from "../environment.js";
import { sees } from "../privileges.js";
import { databaseOf, schemaOf } from "../resolve.js";

/** `[HISTORY] [LIKE '…'] [IN …] [STARTS WITH '…'] [LIMIT n [FROM '…']]` (docs "SHOW <objects>"). */
export interface Scope {
  readonly history: boolean;
  readonly schemas: readonly Schema[];
  readonly databases: readonly Database[];
  /** Where IN names a table. */
  readonly table: readonly string[] | null;
  matches(name: string): boolean;
  limited<T extends { readonly name: string }>(rows: readonly T[]): T[];
}

const most = 10_000;

export function scope(t: Translation): Scope {
  const { c } = t;
  const { session } = t.statement;
  const history = takes(c, "HISTORY");
  const like = takes(c, "LIKE") ? string(c) : null;
  const where = takes(c, "IN") ? home(t) : standing(session);
  const starts = takes(c, "STARTS", "WITH") ? string(c) : null;
  const limit = takes(c, "LIMIT") ? integer(c) : most;
  const from = takes(c, "FROM") ? string(c) : null;
  const pattern =
    like === null
      ? null
      : new RegExp(
          `^${like
            .replace(/[.*+?^${}()|[\]]/g, "\\$&")
            .replaceAll("%", "[\\s\\S]*")
            .replace(/(?<!\\)_/g, "[\\s\\S]")
            .replace(/\\\\?_/g, "_")}$`,
          "i",
        );
  return {
    ...where,
    history,
    matches: (name) => (pattern === null || pattern.test(name)) && (starts === null || name.startsWith(starts)),
    limited: (rows) =>
      [...rows]
        .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
        .filter((row) => from === null || row.name > from)
        .slice(0, limit),
  };
}

type Where = Pick<Scope, "schemas" | "databases" | "table">;

function all(session: Session): Where {
  const databases = [...session.engine.catalog.databases.values()].filter((d) => sees(session, d));
  return { databases, schemas: databases.flatMap((d) => seen(session, d)), table: null };
}

const seen = (session: Session, d: Database): Schema[] => [...d.schemas.values()].filter((s) => sees(session, s));
const inDatabase = (session: Session, d: Database): Where => ({ databases: [d], schemas: seen(session, d), table: null });
const inSchema = (s: Schema): Where => ({ databases: [s.database], schemas: [s], table: null });

/** Without IN: the current schema, else the current database, else the account. */
function standing(session: Session): Where {
  if (session.database === null) return all(session);
  const database = session.engine.catalog.databases.get(session.database);
  if (!database) return all(session);
  const schema = session.schema === null ? undefined : database.schemas.get(session.schema);
  return schema ? inSchema(schema) : inDatabase(session, database);
}

function home(t: Translation): Where {
  const { c } = t;
  const { session } = t.statement;
  const kind = oneOf(c, "ACCOUNT", "DATABASE", "SCHEMA", "TABLE", "VIEW");
  if (kind === "ACCOUNT") return all(session);
  const named = peek(c).kind === "quoted" || (peek(c).kind === "word" && peek(c).value !== "STARTS" && peek(c).value !== "LIMIT");
  if (kind === "TABLE" || kind === "VIEW") return { ...standing(session), table: path(c) };
  if (!named) return standing(session);
  if (kind === "DATABASE") return inDatabase(session, databaseOf(session, identifier(c)));
  const names = path(c);
  if (
    kind === null &&
    names.length === 1 &&
    !session.engine.catalog.databases.get(session.database ?? "")?.schemas.has(names[0] ?? "")
  ) {
    return inDatabase(session, databaseOf(session, names[0] ?? ""));
  }
  return inSchema(schemaOf(session, names, "SHOW"));
}
