import { rm } from "node:fs/promises";
import { must, oneOf, string, takes } from "../cursor.js";
import type { Act } from "../ddl/act.js";
import type { Translation } from "../environment.js";
import { listing } from "../show/listing.js";
import { statementTypes } from "../statement-types.js";
import { stageToken } from "./copy.js";
import { digest, filesAt, location } from "./stages.js";

/** `LIST` and `REMOVE` (docs "LIST", "REMOVE"). */
export function stageStatement(t: Translation): Act {
  const { c } = t;
  const { session } = t.statement;
  const word = oneOf(c, "LIST", "LS", "REMOVE", "RM");
  const removing = word === "REMOVE" || word === "RM";
  const at = location(session, stageToken(c), removing ? "WRITE" : "READ");
  let pattern: RegExp | null = null;
  if (takes(c, "PATTERN")) {
    must(c, "=");
    pattern = new RegExp(`^(?:${string(c)})$`);
  }
  return async () => {
    const files = (await filesAt(at)).filter(
      (f) => pattern === null || pattern.test(f.path) || pattern.test(`${at.shown}${f.path}`),
    );
    if (removing) {
      for (const file of files) await rm(file.file, { force: true });
      return listing(
        ["name", "result"],
        files.map((f) => [`${at.shown}${f.path}`, "removed"]),
        statementTypes.list,
      );
    }
    const rows = await Promise.all(
      files.map(async (f) => [`${at.shown}${f.path}`, f.size, await digest(f.file), f.modified.toUTCString()]),
    );
    return listing(["name", "size:number", "md5", "last_modified"], rows, statementTypes.list);
  };
}
