import type { Partitioning, Table } from "../catalog.js";
import { types } from "../datatype.js";
import type { Env } from "../env.js";
import { invalid, runtime } from "../errors.js";
import { constantOf } from "../execute.js";
import type { Option } from "./columns.js";

/** Applies the options of a table (docs "Data definition language": table option list). */
export async function applyOptions(env: Env, table: Table, given: readonly Option[]): Promise<void> {
  for (const o of given) {
    const value = async (type: Parameters<typeof constantOf>[2]) => (await constantOf(env, o.value, type)).value;
    switch (o.name) {
      case "expiration_timestamp": {
        const at = (await value(types.timestamp)) as bigint | null;
        if (at !== null && at <= env.now) throw runtime(`Invalid value for expiration_timestamp: the time must be in the future`);
        table.expires = at;
        break;
      }
      case "description":
        table.description = (await value(types.string)) as string | null;
        break;
      case "friendly_name":
        table.friendlyName = (await value(types.string)) as string | null;
        break;
      case "require_partition_filter":
        if (!table.partitioning) throw runtime("require_partition_filter cannot be set on a table that is not partitioned");
        table.requirePartitionFilter = (await value(types.bool)) === true;
        break;
      case "partition_expiration_days": {
        if (table.partitioning?.kind !== "time")
          throw runtime("partition_expiration_days can only be set on a time partitioned table");
        const days = (await value(types.float64)) as number | null;
        table.partitioning = {
          ...table.partitioning,
          expirationMs: days === null ? null : String(Math.round(days * 86_400_000)),
        } satisfies Partitioning;
        break;
      }
      case "labels":
        table.labels = labelsOf((await constantOf(env, o.value)).value);
        break;
      case "kms_key_name":
      case "default_rounding_mode":
      case "enable_change_history":
      case "max_staleness":
        break;
      default:
        throw invalid(`Unknown option: ${o.name}`, o.at);
    }
  }
}

export function labelsOf(value: unknown): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const pair of (value ?? []) as readonly (readonly [string, string])[]) {
    const [key, text] = [String(pair[0]), String(pair[1] ?? "")];
    checkLabel(key, text);
    labels[key] = text;
  }
  if (Object.keys(labels).length > 64) throw runtime("Too many labels; the limit is 64");
  return labels;
}

/** docs "Adding labels to resources": requirements. */
export function checkLabel(key: string, value: string): void {
  if (!/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key))
    throw runtime(
      `Invalid label key "${key}": keys begin with a lowercase letter and hold at most 63 lowercase letters, digits, underscores and dashes`,
    );
  if (!/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(value))
    throw runtime(`Invalid label value "${value}": values hold at most 63 lowercase letters, digits, underscores and dashes`);
}
