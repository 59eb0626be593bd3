import { pathToFileURL } from "node:url";
import { cutover, isCutoverError, type Pipeline, rows, table } from "cutover";
import { duckdb } from "cutover/duckdb";

/** The source: event k writes key k mod 40. So what live must hold follows from the watermark alone. */
export const KEYS = 40;
const event = (k: number) => ({ id: k % KEYS, v: k, seq: k });
/** How many events a release reads. */
const STEP = 30;

const events = table("events", { columns: { id: "int64", v: "int64", seq: "int64" }, key: "id", cursor: "seq" });
export const pipeline = (path: string) =>
  cutover({ warehouse: duckdb({ path, config: { threads: "1" } }), pipeline: "loop", tables: { events } });
type Loop = ReturnType<typeof pipeline>;

const next = ({ since }: { readonly since: { readonly events?: bigint | undefined } }) => {
  const from = Number(since.events ?? 0n);
  return { events: rows(Array.from({ length: STEP }, (_, i) => event(from + 1 + i))) };
};
const ways: readonly ((p: Loop) => Promise<unknown>)[] = [
  (p) => p.run(next),
  (p) => p.run(next),
  (p) => p.run(next, { strategy: "swap" }),
  async (p) => {
    await using release = await p.begin();
    await release.load(next);
    await release.publish();
  },
  async (p) => {
    await using candidate = await p.clone();
    await candidate.load(next);
    await candidate.swap();
  },
  (p) => back(p, redone),
  (p) => back(p, (q) => q.unhold()),
];
async function back(p: Loop, then: (p: Loop) => Promise<unknown>): Promise<void> {
  try {
    await p.rollback();
  } catch (e) {
    // Gone back as far as is kept.
    if (!isCutoverError(e, "RETENTION_PASSED", "NOT_FOUND", "UNSUPPORTED")) throw e;
    return;
  }
  await then(p);
}

/** A first load has no images to be redone by: it is run again. */
async function redone(p: Loop): Promise<unknown> {
  try {
    return await p.redo();
  } catch (e) {
    if (!isCutoverError(e, "NOTHING_TO_REDO")) throw e;
    return p.unhold();
  }
}

/** Releases without end, of a process that waits to be killed. */
async function loop(path: string): Promise<never> {
  const p: Loop & Pipeline = pipeline(path) as Loop & Pipeline;
  const { held, live } = await p.status();
  if (held !== null) await p.unhold();
  // Nothing can be cloned before there is a table.
  if (live === null) await p.run(next);
  process.stdout.write("ready\n");
  for (;;) await ways[Math.floor(Math.random() * ways.length)]?.(p);
}
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await loop(process.argv[2] ?? "");
