import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { cutover, notNull, type Pipeline, rowCount, rows, table, unique } from "cutover";
import { duckdb } from "cutover/duckdb";
import { figure, type Group, ms, rounds } from "./support.js";

const RELEASES = 5;
const SESSIONS = 8;
/** Rows of one release; half of them are there already. */
const SIZE = 40;

const names = (n: number): readonly string[] => Array.from({ length: n }, (_, i) => `t${i}`);
const from = (release: number): number => (release * SIZE) / 2;

/** Many pipelines on one warehouse, each publishing small releases one after the other. */
async function pipelines(path: string, tables: readonly string[]): Promise<number> {
  const warehouse = duckdb({ path, maxSessions: SESSIONS });
  const all = tables.map((name) => {
    const t = table(name, {
      columns: { id: "int64", customer: "string", seq: "int64" },
      key: "id",
      cursor: "seq",
      checks: [rowCount({ min: 1 }), notNull("id", "customer"), unique("id")],
    });
    return cutover({ warehouse, pipeline: name, tables: { t } });
  });
  const publish = (p: Pipeline, release: number): Promise<unknown> => {
    const delta = Array.from({ length: SIZE }, (_, i) => ({ id: from(release) + i, customer: `c${i}`, seq: release + 1 }));
    return p.run({ t: rows(delta) });
  };
  try {
    await Promise.all(all.map((p) => publish(p as unknown as Pipeline, 0)));
    return await ms(() =>
      Promise.all(
        all.map(async (p) => {
          for (let r = 1; r <= RELEASES; r++) await publish(p as unknown as Pipeline, r);
        }),
      ),
    );
  } finally {
    await Promise.all(all.map((p) => p.close()));
  }
}

/** The same by hand, as a careful engineer would: as many connections, a transaction a release, the checks, a table of watermarks. */
async function byHand(path: string, tables: readonly string[]): Promise<number> {
  const instance = await DuckDBInstance.create(path);
  const connections = await Promise.all(Array.from({ length: SESSIONS }, () => instance.connect()));
  const publish = async (c: DuckDBConnection, name: string, release: number): Promise<void> => {
    const values = Array.from({ length: SIZE }, (_, i) => `(${from(release) + i}, 'c${i}', ${release + 1})`);
    await c.run("BEGIN");
    await c.run("CREATE OR REPLACE TEMP TABLE delta (id BIGINT, customer VARCHAR, seq BIGINT)");
    await c.run(`INSERT INTO delta VALUES ${values.join(", ")}`);
    await c.run(`DELETE FROM ${name} WHERE id IN (SELECT id FROM delta)`);
    await c.run(`INSERT INTO ${name} FROM delta`);
    const checked = await c.runAndReadAll(
      `SELECT count(*) > 0 AND count(*) = count(id) AND count(*) = count(customer) AND count(*) = count(DISTINCT id) FROM ${name}`,
    );
    if (checked.getRows()[0]?.[0] !== true) throw new Error(`a check of ${name} failed`);
    await c.run(`UPDATE watermarks SET seq = (SELECT max(seq) FROM delta), updated_at = now() WHERE name = '${name}'`);
    await c.run(`INSERT INTO releases SELECT '${name}', ${release}, now(), ${SIZE}`);
    await c.run("COMMIT");
  };
  try {
    const [first] = connections;
    if (first === undefined) throw new Error("there are no connections");
    await first.run("CREATE TABLE watermarks (name VARCHAR, seq BIGINT, updated_at TIMESTAMPTZ)");
    await first.run("CREATE TABLE releases (name VARCHAR, release BIGINT, published_at TIMESTAMPTZ, n BIGINT)");
    for (const name of tables) {
      await first.run(`CREATE TABLE ${name} (id BIGINT, customer VARCHAR, seq BIGINT)`);
      await first.run(`INSERT INTO watermarks VALUES ('${name}', 0, now())`);
      await publish(first, name, 0);
    }
    const waiting = [...tables];
    return await ms(() =>
      Promise.all(
        connections.map(async (c) => {
          for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
            for (let r = 1; r <= RELEASES; r++) await publish(c, name, r);
        }),
      ),
    );
  } finally {
    for (const c of connections) c.closeSync();
    instance.closeSync();
  }
}

/** Many pipelines in one process, on one file. */
export const embedding: Group = async ({ rows: scale, runs }, dir) => {
  const tables = names(Math.max(2, Math.min(200, Math.ceil(scale / 50_000))));
  let n = 0;
  const fresh = (): string => `${dir}/embedding-${n++}.duckdb`;
  const took = await rounds(runs, {
    pipelines: () => pipelines(fresh(), tables),
    byHand: () => byHand(fresh(), tables),
  });
  const job = `${tables.length} pipelines × ${RELEASES} releases of ${SIZE} rows`;
  return [
    figure(
      { job, against: "the same by hand on as many connections", bar: 10 },
      took.map((r) => r.pipelines / r.byHand),
    ),
  ];
};
