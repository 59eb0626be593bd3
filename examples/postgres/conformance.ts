import { PGlite } from "@electric-sql/pglite";
import { ident, type Sql, type TableRef, template } from "cutover/adapter";
import type { Harness } from "cutover/conformance";
import { capabilities } from "./capabilities.js";
import { postgres } from "./index.js";

/** Postgres takes seconds to start, so all cases have one, emptied before each. */
let shared: PGlite | undefined;
export async function emptied(): Promise<PGlite> {
  shared ??= new PGlite();
  await shared.exec(`DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    LOOP EXECUTE format('DROP SCHEMA %I CASCADE', name); END LOOP;
    CREATE SCHEMA public; END $$`);
  return shared;
}

/** What the kit asks of an adapter: an empty warehouse for each case, and what a clone and a swap must carry. */
export const harness: Harness = {
  capabilities,
  open: async () => ({ warehouse: postgres(await emptied()), dispose: async () => undefined }),
  decorate,
};

function decorate(table: TableRef): readonly Sql[] {
  const t = ident(table.path);
  return [
    template`ALTER TABLE ${t} ADD PRIMARY KEY (${ident(["id"])}), ADD CHECK (${ident(["id"])} > -1000000)`,
    template`CREATE INDEX ${ident([`${table.path.at(-1)} by note`])} ON ${t} (lower(${ident(["note"])})) WHERE ${ident(["id"])} > 0`,
    template`COMMENT ON TABLE ${t} IS 'what it''s for'`,
    template`COMMENT ON COLUMN ${ident([...table.path, "note"])} IS 'a note'`,
    template`GRANT SELECT ON ${t} TO PUBLIC`,
  ];
}
