import { BigQuery } from "@google-cloud/bigquery";
import { bigquery } from "cutover/bigquery";
import type { Db, Place } from "./place.js";

const given = (name: string): string | undefined => process.env[`BIGQUERY_${name}`] || undefined;
function needed(name: string): string {
  const value = given(name);
  if (value === undefined) throw new Error(`set BIGQUERY_${name}: see examples/README.md`);
  return value;
}

/** The project, as the environment names it; without a key or a token the application default credentials log in. */
function project() {
  const [keyFilename, token, apiEndpoint] = [given("KEY_FILE"), given("ACCESS_TOKEN"), given("API_ENDPOINT")];
  return new BigQuery({
    projectId: needed("PROJECT"),
    location: needed("LOCATION"),
    ...(keyFilename === undefined ? {} : { keyFilename }),
    ...(apiEndpoint === undefined ? {} : { apiEndpoint }),
    ...(token === undefined ? {} : { authClient: loggedIn(token) }),
  });
}
/** By a token that was got elsewhere (`gcloud auth print-access-token`); it is not renewed. */
function loggedIn(token: string): NonNullable<ConstructorParameters<typeof BigQuery>[0]>["authClient"] & object {
  const none = { type: "authorized_user", client_id: "none", client_secret: "none", refresh_token: "none" };
  const client = new BigQuery({ projectId: "none" }).authClient.fromJSON(none);
  client.setCredentials({ access_token: token });
  return client;
}

const LEDGER = "cutover_ledger";

/** A dataset without tables, in a project without a ledger: what the demo makes there it takes away again. */
export async function onBigquery(): Promise<Place> {
  const client = project();
  const dataset = needed("DATASET");
  const tables = async (): Promise<readonly string[]> => (await client.dataset(dataset).getTables())[0].map((t) => t.id ?? "");
  const [there] = await client.dataset(LEDGER).exists();
  if (there || (await tables()).length > 0)
    throw new Error(`take a dataset without tables, in a project without "${LEDGER}": the demo takes away what it made`);
  const shown = new Set<string>();
  return {
    warehouse: bigquery({ client, dataset, location: needed("LOCATION") }),
    connect: async () => dbOn(client, dataset, shown),
    close: async (keep) => {
      const own = (name: string): boolean => name === "flights" || name.startsWith("_cutover_flights_");
      for (const name of await tables())
        if (shown.has(name) || (!keep && own(name))) await client.dataset(dataset).table(name).delete();
      if (!keep) await client.dataset(LEDGER).delete({ force: true });
    },
    hint: `The tables are left in ${client.projectId}.${dataset}, the journal in ${client.projectId}.${LEDGER}.journal`,
  };
}

/** Each statement is a job. `shown`: tables that were made to look at files. */
function dbOn(client: BigQuery, dataset: string, shown: Set<string>): Db {
  const defaultDataset = { datasetId: dataset };
  const rows = async (sql: string): Promise<unknown[][]> => {
    // Here "x" is a text. Of a result that the service remembers nothing would be read.
    const [job] = await client.createQueryJob({ query: sql.replaceAll('"', "`"), defaultDataset, useQueryCache: false });
    const [found] = await job.getQueryResults();
    return found.map((row: object) => Object.values(row));
  };
  const run = async (sql: string): Promise<void> => void (await rows(sql));
  return {
    run,
    rows,
    hash: "CAST(SUM(CAST(FARM_FINGERPRINT(TO_JSON_STRING(t)) AS BIGNUMERIC)) AS STRING)",
    show: async (name, paths, like) => {
      const raw = `${name}_files`;
      for (const table of [name, raw]) shown.add(table);
      for (const [i, path] of paths.entries()) {
        const writeDisposition = i === 0 ? "WRITE_TRUNCATE" : "WRITE_APPEND";
        await client.dataset(dataset).table(raw).load(path, { sourceFormat: "PARQUET", writeDisposition });
      }
      await run(`CREATE OR REPLACE TABLE ${name} AS SELECT * FROM ${like} WHERE FALSE`);
      const [{ schema }] = await client.dataset(dataset).table(name).getMetadata();
      const columns = (schema.fields as readonly { readonly name: string; readonly type: string }[]).map((c) => {
        const type = ({ INTEGER: "INT64", BOOLEAN: "BOOL" } as Readonly<Record<string, string>>)[c.type] ?? c.type;
        return `CAST("${c.name}" AS ${type})`;
      });
      await run(`INSERT INTO ${name} SELECT ${columns.join(", ")} FROM ${raw}`);
    },
  };
}
