import { type Cursor, peek } from "../cursor.js";
import type { Env } from "../env.js";
import type { SimResult } from "../types.js";
import { remove } from "./delete.js";
import { insert } from "./insert.js";
import { merge } from "./merge.js";
import { truncate } from "./truncate.js";
import { update } from "./update.js";

const statements: Readonly<Record<string, (c: Cursor, env: Env) => Promise<SimResult>>> = {
  INSERT: insert,
  UPDATE: update,
  DELETE: remove,
  MERGE: merge,
  TRUNCATE: truncate,
};

export const dml = async (c: Cursor, env: Env): Promise<SimResult> =>
  await (statements[peek(c).upper] as (c: Cursor, env: Env) => Promise<SimResult>)(c, env);
