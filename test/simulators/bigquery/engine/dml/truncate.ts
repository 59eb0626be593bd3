import { type Cursor, end, must } from "../cursor.js";
import type { Env } from "../env.js";
import { newX } from "../execute.js";
import type { SimResult } from "../types.js";
import { outcome } from "./outcome.js";
import { refuseStreaming, target, targetName } from "./target.js";

/** `TRUNCATE TABLE t` */
export async function truncate(c: Cursor, env: Env): Promise<SimResult> {
  must(c, "TRUNCATE", "TABLE");
  const name = targetName(c, false);
  end(c);
  const x = await newX(env, null);
  const t = target(x, name, "TRUNCATE_TABLE");
  // docs "TRUNCATE TABLE statement": metadata only, and free.
  t.scan.prune = "FALSE";
  await env.planned?.("TRUNCATE_TABLE");
  if (env.dryRun) return outcome("TRUNCATE_TABLE", {});
  let deleted = 0;
  await env.tables.write(t.table, "TRUNCATE_TABLE", async (base) => {
    await refuseStreaming(t, "TRUNCATE", env, async () => true);
    deleted = base.parts.reduce((n, part) => n + part.rows, 0);
    return { parts: [], appended: null };
  });
  return outcome("TRUNCATE_TABLE", { deleted });
}
