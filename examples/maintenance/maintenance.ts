import { accepted, notNull, type Pipeline, rowCount, type Sql, sql, table, unique } from "cutover";

/** The table as the shop has it. No columns are declared: they are what live has, before the maintenance and after it. */
export const orders = table("main.orders", {
  key: "id",
  cursor: "placed_at",
  checks: [
    rowCount({ min: 100_000 }),
    notNull("id", "customer", "amount"),
    unique("id"),
    // Today it warns; after the maintenance it has nothing to say.
    accepted("country", ["DE", "FR", "IT", "US"], { severity: "warn" }),
  ],
});
export type Shop = Pipeline<{ readonly orders: typeof orders }>;

/** Statements on a table, in order, each under the name that people give it. */
type Maintenance = (orders: Sql) => readonly (readonly [what: string, statement: Sql])[];

const index = (on: Sql): Sql => sql`CREATE INDEX orders_by_customer ON ${on} (customer)`;
const amounts = (of: Sql): Sql => sql`ALTER TABLE ${of} ALTER amount TYPE DECIMAL(18,2)`;
const countries = (of: Sql): Sql => sql`UPDATE ${of} SET country = upper(trim(country)) WHERE country <> upper(trim(country))`;

/** As it was planned. */
export const planned: Maintenance = (t) => [
  ["index by customer", index(t)],
  ["countries in one spelling", countries(t)],
  ["amounts as numbers", amounts(t)],
];
/** As the rehearsal taught: no type changes under an index. */
export const mended: Maintenance = (t) => [
  ["countries in one spelling", countries(t)],
  ["amounts as numbers", amounts(t)],
  ["index by customer", index(t)],
];

/** On a candidate, which takes live's place if the checks pass. A sandbox is a pipeline too: what is rehearsed there is this very function. */
export async function maintain(shop: Shop, maintenance: Maintenance): Promise<number> {
  await using candidate = await shop.clone();
  for (const [what, statement] of maintenance(candidate.refs.orders)) {
    const { affected } = await candidate.transform(statement);
    console.log(`  ${what}${affected > 0 ? `: ${affected} rows` : ""}`);
  }
  const { checks } = await candidate.validate();
  console.log(`  checks: ${checks.map((c) => `${c.check} ${c.outcome}`).join(", ")}`);
  return (await candidate.swap()).release;
}
