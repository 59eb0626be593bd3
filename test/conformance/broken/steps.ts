import {
  type AdapterSpec,
  ansi,
  type Capabilities,
  inline,
  type Native,
  type SqlOp,
  type Step,
  type StepKind,
  type Syntax,
  sqlOp,
} from "cutover/adapter";
import { type Broken, broken } from "./broken.js";

type Spec = AdapterSpec<Capabilities, Native>;
type Compile<K extends StepKind> = (step: Step<K>) => readonly SqlOp[];
type Change = (spec: Spec) => Partial<Spec>;

/** Another compiler for one kind of step, made from its own. */
const compiler =
  <K extends StepKind>(kind: K, change: (own: Compile<K>, spec: Spec) => Compile<K>): Change =>
  (spec) => ({ steps: { ...spec.steps, [kind]: change(spec.steps[kind] as unknown as Compile<K>, spec) } });
/** The same step with other arguments. */
const asked = <K extends StepKind>(kind: K, change: (step: Step<K>) => Partial<Step<K>>): Change =>
  compiler(kind, (own) => (s) => own({ ...s, ...change(s) }));
/** Fewer operations, or others. */
const operations = <K extends StepKind>(
  kind: K,
  change: (ops: readonly SqlOp[], text: (op: SqlOp) => string) => readonly SqlOp[],
) => compiler(kind, (own, spec) => (s) => change(own(s), (op) => inline(op.sql, spec.syntax)));
/** Its operations with their text rewritten. */
const text = <K extends StepKind>(kind: K, change: (sql: string, step: Step<K>) => string): Change =>
  compiler(kind, (own, spec) => (s) => own(s).map((op) => ({ ...op, sql: sqlOp(change(inline(op.sql, spec.syntax), s)).sql })));
/** Its operations without what they expect. */
const trusting = <K extends StepKind>(kind: K): Change => operations(kind, (ops) => ops.map(({ expect: _, ...op }) => op));
/** Some portable compilers, from words that are wrong. */
const words =
  (kinds: readonly (keyof ReturnType<typeof ansi>)[], change: (own: Syntax) => Partial<Syntax>): Change =>
  (spec) => {
    const made = ansi({ ...spec.syntax, ...change(spec.syntax) });
    return { steps: { ...spec.steps, ...Object.fromEntries(kinds.map((k) => [k, made[k]])) } };
  };

const lease: readonly Broken[] = [
  broken(
    "lets two hold a lease",
    "steps: lease is refused while another holds it, and nothing changes",
    text("lease", cutAt(" WHERE ")),
  ),
  broken(
    "grows no fence",
    "steps: lease takes a free one; the fence grows by one and the counter by the releases asked for",
    text("lease", (sql) => sql.replace(/(fence"?) \+ 1/, "$1")),
  ),
  broken(
    "gives up a lease by any fence",
    "steps: free gives the lease and unused numbers up, and leaves the lease of another fence alone",
    text("free", cutAt(" WHERE ")),
  ),
  broken("ignores the fence", "steps: fence refuses a stale fence, and the block leaves nothing behind", trusting("fence")),
  broken(
    "reads the fence and does not write it",
    "steps: a block under the fence and a takeover that meets it never both go through unseen",
    compiler("fence", (_own, spec) => (s) => [
      sqlOp(`SELECT fence = ${s.fence} AS ok FROM ${spec.syntax.ident(s.lease.path)}`, {
        expect: { holds: true },
        returns: { ok: "bool" },
      }),
    ]),
  ),
  broken("has a clock that stands still in a transaction", "steps: the warehouse's clock moves inside a block", (spec) => {
    const syntax = { ...spec.syntax, now: () => "now()" };
    return { syntax, steps: { ...spec.steps, readLease: ansi(syntax).readLease } };
  }),
];

const ledger: readonly Broken[] = [
  broken(
    "reads the journal beyond an anchor",
    "steps: readJournal begins with the last event that carries the whole state",
    asked("readJournal", () => ({ anchors: ["never"] })),
  ),
  broken(
    "seeds a second row",
    "steps: seed makes a table with one row, and leaves one alone that is there",
    compiler("seed", (_own, spec) => (s) => {
      const values = s.columns.map((c) =>
        spec.syntax.literal({ value: c.value === null ? null : String(c.value), type: "string" }),
      );
      const create = spec.steps.create({ kind: "create", ref: s.ref, columns: s.columns, ifNotExists: true }) as readonly SqlOp[];
      return [...create, sqlOp(`INSERT INTO ${spec.syntax.ident(s.ref.path)} VALUES (${values.join(", ")})`)];
    }),
  ),
  broken(
    "takes tables from their owner",
    "steps: claim takes tables without an owner, and none from another",
    text("claim", cutAt(" WHERE NOT EXISTS ")),
  ),
  broken(
    "claims without a turn",
    "steps: of two pipelines that claim a table at the same time one gets it",
    operations("claim", (ops) => ops.slice(1)),
  ),
  broken(
    "replaces a table that is there",
    "steps: create refuses a table that is there, and with ifNotExists leaves it alone",
    text("create", (sql) => sql.replace("CREATE TABLE", "CREATE OR REPLACE TABLE")),
  ),
  broken(
    "forgets a release that is kept",
    "steps: forget removes the images of releases that are not named, and keeps the others",
    asked("forget", (s) => ({ keep: s.keep.slice(1) })),
  ),
];

const delta: readonly Broken[] = [
  broken(
    "truncates a cursor",
    "steps: inspect finds the highest cursor of every type to its last digit",
    text("inspect", (sql, s) =>
      s.cursor?.type === "timestamp" ? sql.replace('max("c")', `date_trunc('second', max("c"))`) : sql,
    ),
  ),
  broken(
    "settles on a cursor in the future",
    "steps: inspect settles on no cursor beyond the clock",
    text("inspect", (sql) => sql.replace(/CASE WHEN ("c") <= .*? THEN "c" END/, "$1")),
  ),
  broken(
    "lets the lowest cursor win",
    "steps: fold keeps of each key the row with the highest cursor",
    text("fold", (sql) => sql.replaceAll(" DESC ", " ASC ")),
  ),
  broken(
    "takes any of rows that tie",
    "steps: fold refuses rows of one key with one cursor that differ, and takes none",
    trusting("fold"),
  ),
];

const capture: readonly Broken[] = [
  broken(
    "takes NULL for different from NULL",
    "steps: capture takes NULL for equal to NULL, and a float that is no number for equal to itself",
    words(["capture"], () => ({ nullSafeEq: (a, b) => `coalesce(${a} = ${b}, FALSE)` })),
  ),
  broken(
    "takes −0 for 0",
    "steps: capture tells values apart that differ by a bit: −0 from 0, NULL from an empty text, letters by case",
    words(["capture"], () => ({ nullSafeEq: (a, b) => `${a} IS NOT DISTINCT FROM ${b}` })),
  ),
  broken(
    "applies stale rows",
    "steps: capture leaves out and counts rows that are older than live; an equal cursor and an unknown one apply",
    asked("capture", () => ({ cursor: null })),
  ),
  broken(
    "forgets deletes",
    "steps: capture takes rows marked as deletes for deletes; where there is no such key nothing is done",
    asked("capture", () => ({ deletes: null })),
  ),
  broken(
    "does not look for keys outside of a scope",
    "steps: capture by partitions refuses keys that live outside of them, and records nothing",
    operations("capture", (ops, written) => ops.filter((op) => !written(op).includes("outside"))),
  ),
  broken(
    "captures bags without multiplicity",
    "steps: capture without a key compares rows as bags: each copy counts",
    text("capture", (sql) => sql.replaceAll("row_number() OVER", "rank() OVER")),
  ),
];

const exchange: readonly Broken[] = [
  broken(
    "exchanges whatever is there",
    "steps: exchange refuses rows that others changed, removed or put in, and changes nothing then",
    trusting("exchange"),
  ),
  broken(
    "removes by key only, what others wrote as well",
    "steps: exchange refuses rows that others changed, removed or put in, and changes nothing then",
    words(["exchange"], () => ({ nullSafeEq: () => "TRUE" })),
  ),
  broken(
    "removes every copy of a row",
    "steps: exchange without a key removes as many copies as were recorded, and no more",
    compiler("exchange", (own, spec) => (s) => {
      if (s.key.length > 0) return own(s);
      const key = s.live.columns.map((c) => c.name);
      return ansi(spec.syntax)
        .exchange({ ...s, key })
        .map(({ expect: _, ...op }) => op);
    }),
  ),
  broken(
    "fills in whatever there is",
    "steps: fill refuses a delta of another number of rows, and nothing is filled",
    trusting("fill"),
  ),
  broken(
    "empties whatever there is",
    "steps: empty removes every row, and refuses where there are more or fewer than were told",
    trusting("empty"),
  ),
];

const tally: readonly Broken[] = [
  broken(
    "ignores a column",
    "steps: tally tells rows apart by which column holds a value, and by every column alone",
    asked("tally", (s) => ({ columns: s.columns.slice(0, -1) })),
  ),
  broken(
    "writes columns one after the other without a mark between",
    "steps: tally tells rows apart whose values run over into the next column",
    words(["tally", "scan"], (own) => ({
      rowHash: (columns) =>
        `md5_number_lower(concat(${columns.map((c) => `coalesce(CAST(${own.ident([c.name])} AS VARCHAR), chr(0))`).join(", ")}))`,
    })),
  ),
  broken(
    "takes NULL for an empty text",
    "steps: tally tells every value of every type from every other, and from NULL",
    words(["tally"], (own) => ({
      rowHash: (columns, alias) =>
        own.rowHash(columns, alias).replaceAll(/strlen\(CAST\((\S+) AS VARCHAR\)\)/g, "coalesce($&, 0)"),
    })),
  ),
  broken("scans whatever is there", "steps: scan refuses a table that does not hold exactly what was expected", trusting("scan")),
  broken(
    "takes bounds for outside",
    "steps: validate passes what lies within its bounds, both included",
    text("validate", (sql) => sql.replaceAll(/([<>])= /g, "$1 ")),
  ),
  broken(
    "shows every row that offends",
    "steps: offenders are no more than the limit",
    asked("offenders", () => ({ limit: 1000 })),
  ),
];

const whole: readonly Broken[] = [
  broken(
    "loses a default in a clone",
    "steps: clone carries columns, their order, types, nullability and defaults",
    text("clone", (sql) => sql.replaceAll(/ DEFAULT ?\((?:[^()]|\([^()]*\))*\)/g, "")),
  ),
  broken(
    "loses NOT NULL in a clone",
    "steps: a clone takes its defaults and refuses NULL as the original does",
    text("clone", (sql) => sql.replaceAll(" NOT NULL", "")),
  ),
  broken(
    "loses a comment in a clone",
    "steps: clone carries what the harness puts on a table",
    operations("clone", (ops, written) => ops.filter((op) => !written(op).startsWith("COMMENT ON COLUMN"))),
  ),
  broken(
    "puts rows into an empty twin",
    "steps: clone copies all rows of every type bit for bit, and an empty twin has none",
    asked("clone", () => ({ empty: false })),
  ),
  broken(
    "drops an index in a swap",
    "steps: what the harness puts on live is on the new live after a swap, and after the way back",
    operations("swap", (ops, written) => ops.filter((op) => !written(op).startsWith("CREATE INDEX"))),
  ),
  broken(
    "keeps nothing of what was live",
    "steps: swap puts the candidate where live was, and keeps what was live under the name given",
    text("swap", (sql, s) =>
      sql.endsWith(`RENAME TO "${s.keepAs.path.at(-1)}"`) ? sql.replace(/ALTER TABLE (.*) RENAME TO .*/, "DROP TABLE $1") : sql,
    ),
  ),
  broken(
    "swaps by two renames with a gap between",
    "steps: between the operations of a swap another session sees one whole version",
    operations("swap", (ops, written) =>
      ops.flatMap((op) => (written(op).includes(' RENAME TO "kept"') ? [op, sqlOp("COMMIT"), sqlOp("BEGIN")] : [op])),
    ),
  ),
];

export const brokenSteps: readonly Broken[] = [...lease, ...ledger, ...delta, ...capture, ...exchange, ...tally, ...whole];

function cutAt(mark: string): (sql: string) => string {
  return (sql) => {
    const at = sql.indexOf(mark);
    return at < 0 ? sql : sql.slice(0, at);
  };
}
