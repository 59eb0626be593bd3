import { SimError, type TableName } from "../types.js";

/** A table's name apart from its decorators (docs "Managing partitioned table data", "Access historical data"). */
export interface Decorated {
  readonly name: TableName;
  /** `t$20240101` */
  readonly partition: string | null;
  /** `t@1700000000000` or, relative, `t@-3600000`; microseconds. */
  readonly at: bigint | null;
}

export function decorated(name: TableName, now: bigint): Decorated {
  const found = /^([^$@]+)(?:\$([^$@]+))?(?:@(-?\d+))?$/.exec(name.tableId);
  if (!found) throw new SimError("invalid", 400, `Invalid table ID "${name.tableId}".`);
  const [, tableId = "", partition = null, time] = found;
  const millis = time === undefined ? null : BigInt(time);
  return {
    name: { projectId: name.projectId, datasetId: name.datasetId, tableId },
    partition,
    at: millis === null ? null : millis < 0n ? now + millis * 1000n : millis * 1000n,
  };
}
