import { type LedgerNames, ledgerNames } from "../ledger/names.js";
import { ident, template } from "../sql/sql.js";
import { calm, type Place } from "./place.js";

/** The names of a pipeline's ledger. */
export const ledgerOf = (place: Place, pipeline = "items"): LedgerNames =>
  ledgerNames(place.session.home, place.ledgerSchema, pipeline);

async function listed(place: Place, path: readonly string[]): Promise<readonly string[]> {
  try {
    return (await place.session.list({ path }, "", calm())).map((t) => t.path.join(".")).sort();
  } catch (e) {
    if (place.adapter.classify(e).kind === "missing-object") return [];
    throw e;
  }
}
/** Every table beside live, and every one of the ledger. */
export async function allTables(
  place: Place,
): Promise<{ readonly beside: readonly string[]; readonly ledger: readonly string[] }> {
  const beside = await listed(place, place.at("x").path.slice(0, -1));
  return { beside, ledger: await listed(place, ledgerOf(place).schema.path) };
}

/** The schemas of sandboxes that the journal tells of, and that are still there. */
export async function sandboxes(place: Place, pipeline = "items"): Promise<readonly string[]> {
  const { journal } = ledgerOf(place, pipeline);
  const base = place.session.home.slice(0, -1);
  const find = {
    kind: "findEvents",
    journal,
    pipeline,
    events: ["sandboxed"],
    payload: null,
    release: null,
    limit: null,
  } as const;
  const { rows } = await place.step(find).catch((e: unknown) => {
    if (place.adapter.classify(e).kind === "missing-object") return { rows: [] };
    throw e;
  });
  const found: string[] = [];
  for (const row of rows) {
    const { schema } = JSON.parse(String(row["payload"])) as { schema: string };
    if (await place.session.hasSchema({ path: [...base, schema] }, calm())) found.push(schema);
  }
  return found;
}

/** Time passes: the lease of an owner who fell silent runs out. Where there is no ledger yet, nobody holds anything. */
export async function expire(place: Place, pipeline = "items"): Promise<void> {
  const lease = ident(ledgerOf(place, pipeline).lease.path);
  const past = { value: 0n, type: "timestamp" as const };
  try {
    await place.execute(template`UPDATE ${lease} SET ${ident(["expires_at"])} = ${past} WHERE ${ident(["owner"])} IS NOT NULL`);
  } catch (e) {
    if (place.adapter.classify(e).kind !== "missing-object") throw e;
  }
}
