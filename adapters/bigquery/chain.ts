import type { IoOptions } from "cutover/adapter";
import { capabilities } from "./capabilities.js";
import type { Link } from "./link.js";
import { getTable, type TablePath } from "./tables.js";

/** Whether a table can be cloned once more: a chain of clones has an end (docs: table clones, limitations). One at it is copied. */
export async function canClone(link: Link, table: TablePath, o: IoOptions): Promise<boolean> {
  let found = await getTable(link, table, o);
  for (let depth = 0; found?.cloneDefinition !== undefined; ) {
    depth += 1;
    if (depth >= capabilities.maxCloneDepth) return false;
    const { projectId, datasetId, tableId } = found.cloneDefinition.baseTableReference;
    found = await getTable(link, [projectId, datasetId, tableId], o);
    // A base that is gone leaves its own chain unknown.
    if (found === null) return false;
  }
  return true;
}
