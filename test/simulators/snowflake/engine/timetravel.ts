import { latest, retentionOf, type Table, type Version } from "./catalog.js";
import { types } from "./datatype.js";
import type { Session } from "./engine.js";
import { errors } from "./errors.js";
import { cast } from "./translate/convert.js";
import type { TimePoint } from "./translate/model.js";

const micros = { second: 1_000_000, day: 86_400_000_000 } as const;

/**
 * The version that AT or BEFORE speaks of (docs "AT | BEFORE", "Understanding & using Time Travel"): within the retention, and not before
 * the object was made; a clone's history begins at the clone.
 */
export async function versionAt(session: Session, table: Table, point: TimePoint): Promise<Version> {
  const refused = () => errors.timeTravel(table.name);
  const now = session.engine.now();
  if (point.kind === "STREAM") throw errors.unsupported("AT (STREAM => …)");
  if (point.kind === "STATEMENT") return byStatement(session, table, point);
  const value = (await session.duck.runAndReadAll(`SELECT ${valueSql(point)}`)).getRows()[0]?.[0];
  if (value === null || value === undefined) throw errors.invalidValue("NULL", point.kind);
  const asked = point.kind === "OFFSET" ? now + Math.round(Number(value) * micros.second) : Number(value);
  if (asked > now) throw errors.invalidValue(String(asked), point.kind);
  const found = table.versions.findLast((v) => (point.when === "AT" ? v.at <= asked : v.at < asked));
  if (!found || asked < now - retentionOf(table) * micros.day) throw refused();
  return found;
}

function valueSql(point: TimePoint): string {
  if (point.kind === "OFFSET") return `CAST(${point.value.sql()} AS DOUBLE)`;
  return `epoch_us(${cast(point.value, types.ltz())})`;
}

function byStatement(session: Session, table: Table, point: TimePoint): Version {
  const id = point.value.constant;
  if (id === undefined) throw errors.unsupported("AT (STATEMENT => …) of what is no constant");
  const statement = session.engine.statements.get(id);
  if (!statement) throw errors.unknownStatement(id);
  const by = table.versions.findIndex((v) => v.queryIds.includes(id));
  const found =
    by >= 0
      ? table.versions[point.when === "AT" ? by : by - 1]
      : table.versions.findLast((v) => v.at <= (point.when === "AT" ? statement.end : statement.at));
  const oldest = session.engine.now() - retentionOf(table) * micros.day;
  const gone = found !== latest(table) && statement.at < oldest;
  if (!found || gone) throw errors.timeTravel(table.name);
  return found;
}
