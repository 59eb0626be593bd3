import { randomUUID } from "node:crypto";
import type { IoOptions } from "cutover/adapter";
import { type Link, perform } from "../driver.js";
import { SnowflakeFault } from "../errors.js";
import { syntax, text } from "../syntax.js";

/** Where a session puts files: a temporary stage in each schema that it stages into. It goes with the session, files and all. */
export interface Scratch {
  /** Makes the stage of a schema where it is not there yet; hands back its name as SQL, with `@`. */
  stage(schema: readonly string[], o: IoOptions): Promise<string>;
  /** Makes a temporary file format of a schema; hands back its name as SQL. */
  format(schema: readonly string[], options: string, o: IoOptions): Promise<string>;
  /** A folder of a stage that nobody else uses. */
  folder(): string;
  /** Where files lie that were uploaded for their columns, to be loaded afterwards: by what tells them on this machine. */
  readonly uploaded: Map<string, string>;
}

type Kind = "STAGE" | "FILE FORMAT";
/**
 * Not the table's own stage, whose files would go with the table: it takes no query in COPY (docs: choosing an internal stage),
 * which JSON columns need.
 */
export function scratchOf(link: Link): Scratch {
  const id = randomUUID().replaceAll("-", "").toUpperCase();
  const made = new Map<string, Promise<string>>();
  let [folders, names] = [0, 0];
  const make = async (schema: readonly string[], kind: Kind, options: string, o: IoOptions): Promise<string> => {
    names += 1;
    const name = syntax.ident([...schema, `_CUTOVER_${kind.replace(" ", "_")}_${id}_${names}`]);
    await perform(link, `CREATE TEMPORARY ${kind} ${name}${options === "" ? "" : ` ${options}`}`, o);
    return name;
  };
  // The promise is kept rather than the name: several may ask at the same time.
  const once = (schema: readonly string[], kind: Kind, options: string, o: IoOptions): Promise<string> => {
    const known = JSON.stringify([schema, kind, options]);
    const making = made.get(known) ?? make(schema, kind, options, o);
    made.set(known, making);
    making.catch(() => made.delete(known));
    return making;
  };
  return {
    stage: async (schema, o) => `@${await once(schema, "STAGE", "", o)}`,
    format: (schema, options, o) => once(schema, "FILE FORMAT", options, o),
    folder: () => {
      folders += 1;
      return `${id.toLowerCase()}/${folders}`;
    },
    uploaded: new Map(),
  };
}

/** What the driver says of the storage behind a stage has no code. A file that did not arrive is no harm: it is taken away. */
const upload = (e: unknown): unknown =>
  e instanceof SnowflakeFault && e.code === ""
    ? new SnowflakeFault(e.message, {
        kind: "transient",
        outcome: "not-applied",
        hint: "The file could not be uploaded to the stage; see that its storage can be reached from here, and run again.",
      })
    : e;

/** Uploads a local file under its own name. The driver ends a PUT with an error where the file did not arrive. */
export async function put(link: Link, file: string, at: string, compress: boolean, o: IoOptions): Promise<void> {
  const options = `PARALLEL = 4 AUTO_COMPRESS = ${compress ? "TRUE" : "FALSE"} SOURCE_COMPRESSION = AUTO_DETECT OVERWRITE = TRUE`;
  await perform(link, `PUT ${text(`file://${file.replaceAll("\\", "/")}`)} ${at} ${options}`, o).catch((e: unknown) => {
    throw upload(e);
  });
}

/** Takes the files of a folder away, whatever the state of things; the stage goes with the session in any case. */
export async function remove(link: Link, at: string): Promise<void> {
  if (link.lost) return;
  const o = { tag: "cutover cleanup", signal: new AbortController().signal, timeoutMs: 30_000 };
  await perform(link, `REMOVE ${at}`, o).catch(() => undefined);
}
