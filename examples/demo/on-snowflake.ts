import { snowflake } from "cutover/snowflake";
import driver from "snowflake-sdk";
import type { Db, Place } from "./place.js";

// By itself the driver writes a log file into the working directory.
driver.configure({ logLevel: "OFF", additionalLogToConsole: false });

const given = (name: string): string => process.env[`SNOWFLAKE_${name}`] ?? "";
function needed(name: string): string {
  const value = given(name);
  if (value === "") throw new Error(`set SNOWFLAKE_${name}: see examples/README.md`);
  return value;
}
const some = <K extends string>(name: K, value: string) =>
  (value === "" ? {} : { [name]: value }) as Partial<Readonly<Record<K, string>>>;

/** The account, as the environment names it. */
function account() {
  const key = given("PRIVATE_KEY_PATH");
  return {
    account: needed("ACCOUNT"),
    username: needed("USER"),
    database: needed("DATABASE"),
    schema: needed("SCHEMA"),
    warehouse: needed("WAREHOUSE"),
    ...(key === "" ? { password: needed("PASSWORD") } : { authenticator: "SNOWFLAKE_JWT", privateKeyPath: key }),
    ...some("privateKeyPass", given("PRIVATE_KEY_PASSPHRASE")),
    ...some("role", given("ROLE")),
    ...some("accessUrl", given("ACCESS_URL")),
  };
}

const LEDGER = "cutover_ledger";

/** A schema without tables, in a database without a ledger: what the demo makes there it takes away again. */
export async function onSnowflake(): Promise<Place> {
  const options = account();
  const opened: driver.Connection[] = [];
  const open = async (): Promise<Db> => {
    const connection = driver.createConnection(options);
    await new Promise<void>((resolve, reject) => {
      connection.connect((e) => (e === undefined || e === null ? resolve() : reject(e)));
    });
    opened.push(connection);
    return dbOn(connection);
  };
  const end = (): Promise<unknown> => Promise.all(opened.map((c) => new Promise<void>((done) => c.destroy(() => done()))));
  const admin = await open();
  const tables = async (where: string): Promise<readonly string[]> =>
    (await admin.rows(`SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE ${where}`)).map(([name]) => String(name));
  if ((await tables(`TABLE_SCHEMA = CURRENT_SCHEMA() OR TABLE_SCHEMA = '${LEDGER}'`)).length > 0) {
    await end();
    throw new Error(`take a schema without tables, in a database without "${LEDGER}": the demo takes away what it made`);
  }
  return {
    warehouse: snowflake(options),
    connect: open,
    close: async (keep) => {
      const own = "TABLE_NAME = 'FLIGHTS' OR STARTSWITH(TABLE_NAME, '_cutover_flights_')";
      if (!keep) {
        for (const name of await tables(`TABLE_SCHEMA = CURRENT_SCHEMA() AND (${own})`)) await admin.run(`DROP TABLE "${name}"`);
        await admin.run(`DROP SCHEMA IF EXISTS "${LEDGER}"`);
      }
      await end();
    },
    hint: `The tables are left in ${options.database}.${options.schema}, the journal in ${options.database}."${LEDGER}"."journal"`,
  };
}

function dbOn(connection: driver.Connection): Db {
  const rows = (sqlText: string): Promise<unknown[][]> =>
    new Promise((resolve, reject) => {
      connection.execute({
        sqlText,
        rowMode: "array",
        fetchAsString: ["Number", "Date"],
        complete: (e, _, found) => (e === undefined || e === null ? resolve((found ?? []) as unknown[][]) : reject(e)),
      });
    });
  const run = async (sql: string): Promise<void> => void (await rows(sql));
  return {
    run,
    rows,
    hash: "HASH_AGG(*)",
    show: async (name, paths, like) => {
      await run(`CREATE OR REPLACE TEMPORARY STAGE ${name}_files`);
      for (const path of paths) await run(`PUT 'file://${path}' @${name}_files AUTO_COMPRESS = FALSE`);
      await run(`CREATE OR REPLACE TEMPORARY TABLE ${name} AS SELECT * FROM ${like} WHERE FALSE`);
      const format = "(TYPE = PARQUET USE_LOGICAL_TYPE = TRUE)";
      await run(`COPY INTO ${name} FROM @${name}_files FILE_FORMAT = ${format} MATCH_BY_COLUMN_NAME = CASE_SENSITIVE`);
    },
  };
}
