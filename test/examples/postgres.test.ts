import { PGlite } from "@electric-sql/pglite";
import { type Harness, conformance, withVitest } from "cutover/conformance";
import { ident, template } from "cutover/adapter";
import { afterAll, describe, it } from "vitest";
import { capabilities } from "../../examples/postgres/capabilities.js";
import { postgres } from "../../examples/postgres/index.js";

const client = new PGlite();
afterAll(() => client.close());

/** Postgres starts in seconds, so the tests share one, emptied before each. */
async function emptied(): Promise<PGlite> {
  await client.exec(`DO $$ DECLARE s text; BEGIN
    FOR s IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$)' LOOP EXECUTE format('DROP SCHEMA %I CASCADE', s); END LOOP;
    EXECUTE 'CREATE SCHEMA public'; END $$`);
  return client;
}

const harness: Harness = {
  capabilities,
  open: async () => ({ warehouse: postgres(await emptied()), dispose: async () => undefined }),
  groups: ["session", "steps", "operations", "faults"],
  faults: { every: 4, pairs: 2, seed: 1 },
  decorate: (table) => [
    template`CREATE UNIQUE INDEX "the index" ON ${ident(table.path)} ("note")`,
    template`ALTER TABLE ${ident(table.path)} ADD PRIMARY KEY ("id")`,
    template`COMMENT ON TABLE ${ident(table.path)} IS 'what a reader knows of it'`,
    template`GRANT SELECT ON ${ident(table.path)} TO PUBLIC`,
  ],
};
withVitest({ describe, it }, conformance(harness));
