import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cursor, identifier, must, next, peek, string, unexpected } from "../cursor.js";
import type { Session } from "../engine.js";
import { errors } from "../errors.js";
import type { PutTarget } from "../types.js";
import { stageToken } from "./copy.js";
import { filesAt, location } from "./stages.js";

const put0 = /^\s*(?:\/\*[\s\S]*?\*\/\s*)?PUT\s+('(?:[^'\\]|''|\\[\s\S])*'|\S+)\s+([\s\S]*)$/i;
const get0 =
  /^\s*(?:\/\*[\s\S]*?\*\/\s*)?GET\s+((?:@\S+)|(?:'@(?:[^'\\]|''|\\[\s\S])*'))\s+('(?:[^'\\]|''|\\[\s\S])*'|\S+)\s*([\s\S]*)$/i;

/** `PUT file://… @stage` and `GET @stage file://…` (docs "PUT", "GET"): where the driver moves files to and from. */
export async function put(session: Session, sql: string): Promise<PutTarget | null> {
  const up = put0.exec(sql);
  if (up) {
    const c = cursor(up[2] ?? "");
    const at = location(session, stageToken(c), "WRITE");
    const o = options(c, ["PARALLEL", "AUTO_COMPRESS", "SOURCE_COMPRESSION", "OVERWRITE"]);
    const directory = join(at.directory, at.path);
    await mkdir(directory, { recursive: true });
    return {
      command: "UPLOAD",
      directory,
      files: local(up[1] ?? ""),
      overwrite: o.get("OVERWRITE") === "TRUE",
      compress: o.get("AUTO_COMPRESS") !== "FALSE",
      sourceCompression: o.get("SOURCE_COMPRESSION") ?? "AUTO_DETECT",
      parallel: Number(o.get("PARALLEL") ?? 4),
    };
  }
  const down = get0.exec(sql);
  if (!down) return null;
  const at = location(session, stageToken(cursor(down[1] ?? "")), "READ");
  const o = options(cursor(down[3] ?? ""), ["PARALLEL", "PATTERN"]);
  const found = await filesAt(at);
  const pattern = o.has("PATTERN") ? new RegExp(`^(?:${o.get("PATTERN")})$`) : null;
  return {
    command: "DOWNLOAD",
    directory: at.directory,
    files: local(down[2] ?? ""),
    stageFiles: found.filter((f) => pattern === null || pattern.test(f.path)).map((f) => f.path),
    overwrite: true,
    compress: false,
    sourceCompression: "NONE",
    parallel: Number(o.get("PARALLEL") ?? 10),
  };
}

/** The local side without its `file://`. */
function local(written: string): string {
  const path = written.startsWith("'") ? string(cursor(written)) : written;
  if (!/^file:\/\//i.test(path)) throw errors.syntax(1, 4, path);
  return path.slice("file://".length);
}

function options(c: ReturnType<typeof cursor>, known: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  while (peek(c).kind === "word") {
    const name = identifier(c);
    if (!known.includes(name)) throw unexpected(c);
    must(c, "=");
    found.set(name, next(c).value);
  }
  if (peek(c).kind !== "end" && peek(c).value !== ";") throw unexpected(c);
  return found;
}
