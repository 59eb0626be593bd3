import { ansi, type Scope, type SqlOp, sqlOp, type TableRef } from "cutover/adapter";
import { syntax as duck } from "../../../adapters/duckdb/syntax.js";
import { type Broken, broken, brokenApart } from "./broken.js";
import { asked, compiler, cutAt, operations, text, trusting, words } from "./compilers.js";

const isAppend = (scope: Scope): boolean => typeof scope === "object" && "own" in scope;

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
    "keeps the lease whose block gave it up",
    "steps: fence with free gives the lease up with the commit, and keeps it where the block is undone",
    asked("fence", () => ({ free: false })),
  ),
  broken(
    "gives every lease up",
    "steps: fence with free gives the lease up with the commit, and keeps it where the block is undone",
    asked("fence", () => ({ free: true })),
  ),
  broken(
    "does not tell who left a lease",
    "steps: lease tells who had not given it up, and nobody after a clean end",
    text("lease", (sql) => sql.replace(/"left_by" = "owner"/, '"left_by" = NULL')),
  ),
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

const SCHEMAS = "steps: a schema is there once it is made, is not made a second time, and goes with all that is in it";
const ledger: readonly Broken[] = [
  broken(
    "makes a schema that is there already",
    SCHEMAS,
    asked("createSchema", () => ({ ifNotExists: true })),
  ),
  broken("drops no schema that has tables", SCHEMAS, text("dropSchema", cutAt(" CASCADE"))),
  broken("knows a schema by its tables", SCHEMAS, () => ({
    session: (s) => ({ hasSchema: async (schema, o) => (await s.list(schema, "", o)).length > 0 }),
  })),
  broken(
    "reads the journal beyond an anchor",
    "steps: readState begins with the last event that carries the whole state",
    asked("readState", () => ({ anchors: ["never"] })),
  ),
  broken(
    "tells no lease where there are no events",
    "steps: readState tells the lease in each row, and in one row without an event where there is none",
    text("readState", (sql) => sql.replace(" LEFT JOIN ", " JOIN ")),
  ),
  broken(
    "tells the fence of the event for that of the lease",
    "steps: readState tells the lease in each row, and in one row without an event where there is none",
    text("readState", (sql) =>
      sql.replace('"l"."fence" AS "lease_fence"', 'coalesce("j"."fence", "l"."fence") AS "lease_fence"'),
    ),
  ),
  broken(
    "seeds a second row",
    "steps: seed makes a table with one row, and leaves one alone that is there",
    compiler("seed", (_own, spec) => (s) => {
      const values = s.columns.map((c) =>
        spec.syntax.literal({ value: c.value === null ? null : String(c.value), type: "string" }),
      );
      const create = ansi(spec.syntax).create({
        kind: "create",
        ref: s.ref,
        columns: s.columns,
        ifNotExists: true,
        scratch: false,
      });
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
    "claims nothing instead of another",
    "steps: claim instead of a pipeline takes over those of the tables that are its own, and no others",
    compiler(
      "claim",
      (own) =>
        ({ instead: _, ...s }) =>
          own(s),
    ),
  ),
  broken(
    "claims all instead of another",
    "steps: claim instead of a pipeline takes over those of the tables that are its own, and no others",
    text("claim", (sql) => sql.replace(/ AND "pipeline" = 'first'/, "")),
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
  broken(
    "compacts what it was told to spare",
    "steps: compact removes the events of one pipeline below a number, spares what it is told to, and writes rows in their place",
    asked("compact", (s) => ({ spare: s.spare.slice(1) })),
  ),
  broken(
    "shows a release that was taken back as published",
    "steps: view releases shows each release once, as the event that settled it and the last rollback or redo say",
    text("view", (sql) => sql.replaceAll("THEN 'rolled-back'", "THEN 'published'")),
  ),
  broken(
    "shows the images of one schema only",
    "steps: view changes unites images of several schemas: columns that one has not are NULL, other types are text, names of its own give way",
    text("view", cutAt(" UNION ALL ")),
  ),
  broken(
    "notes what another check found",
    "steps: noteChecks writes what a block found and what was known, and view checks judges it as reports do",
    asked("noteChecks", (s) => ({
      checks: s.checks.map((c) => ("of" in c ? { ...c, of: { ...c.of, index: 0 } } : c)),
    })),
  ),
];

const delta: readonly Broken[] = [
  broken(
    "lists all partitions, however many were asked for",
    "steps: partitions lists each partition that a delta has rows of, once, or so many of them as were asked for",
    compiler(
      "partitions",
      (own) =>
        ({ limit: _, ...s }) =>
          own(s),
    ),
  ),
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
    "steps: capture leaves out, and tally counts, rows that are older than live; an equal cursor and an unknown one apply",
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
    "takes partitions that are named by rows for all",
    "steps: capture by the partitions that a table has rows of does as by their names, and refuses keys outside of them",
    asked("capture", ({ scope }) => ({ scope: typeof scope === "object" && "from" in scope ? "all" : scope })),
  ),
  broken(
    "takes an interval for closed",
    "steps: capture of an interval speaks for values from its lower bound on and below its upper one, of every type to the last digit",
    text("capture", (sql) => sql.replaceAll(" < ", " <= ")),
  ),
  broken(
    "appends by content what own rows have",
    "steps: capture of own rows by content adds the copies that they lack in the window, and nothing goes or changes",
    asked("capture", ({ scope }) => ({
      scope: isAppend(scope) ? { partition: "v", type: "string" as const, values: [] } : scope,
    })),
  ),
  broken(
    "takes rows with a key for own rows without one",
    "steps: capture of own rows with a key leaves out every key that live has, whoever brought it",
    asked("capture", ({ scope, key }) => ({ key: isAppend(scope) ? [] : key })),
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
  broken(
    "counts no stale rows",
    "steps: capture leaves out, and tally counts, rows that are older than live; an equal cursor and an unknown one apply",
    asked("tally", () => ({ stale: null })),
  ),
  broken(
    "lets a release through that moves nothing",
    "steps: tally is refused where none of the releases named changed anything",
    asked("tally", () => ({ moved: null })),
  ),
  broken(
    "does not count live",
    "steps: tally counts the rows of live, and is refused where there are more or fewer than were told",
    asked("tally", () => ({ count: null })),
  ),
  broken("scans whatever is there", "steps: scan refuses a table that does not hold exactly what was expected", trusting("scan")),
  broken(
    "takes bounds for outside",
    "steps: validate passes what lies within its bounds, both included",
    text("validate", (sql) => sql.replaceAll(/([<>])= /g, "$1 ")),
  ),
  broken(
    "anchors a pattern at both ends",
    "steps: validate counts texts in which a pattern is not found anywhere, as JavaScript does; NULL is not counted",
    words(["validate", "offenders"], (own) => ({
      matches: (expr, pattern) => own.matches(expr, `^(${pattern})$`),
    })),
  ),
  broken(
    "takes what is ahead of the clock for the newest",
    "steps: validate tells the age of the newest value that is not ahead of the clock, in milliseconds",
    text("validate", (sql) => sql.replace(" >= 0 THEN", " IS NOT NULL THEN")),
  ),
  broken(
    "counts an update for two rows",
    "steps: validate counts the rows that a release changes, each once",
    text("validate", (sql) => sql.replace(/ AND \("_cutover_c"[^)]*\)/, "")),
  ),
  broken(
    "takes a row without a value for one that refers to nothing",
    "operations: checks: references sees what the release itself brings to the other table, and refuses what has no row there",
    text("validate", (sql) => sql.replace(/"_cutover_o"\."\w+" IS NOT NULL AND /, "")),
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
    "makes a candidate where there is none",
    "steps: swap is refused where the candidate is gone, and nothing changes",
    compiler("swap", (own, { syntax }) => (s) => {
      const ref = syntax.ident(s.candidate.ref.path);
      return [
        sqlOp(`CREATE TABLE IF NOT EXISTS ${ref} (id BIGINT)`),
        ...own({ ...s, candidate: { ...s.candidate, fingerprint: null } }),
      ];
    }),
  ),
  broken(
    "swaps by two renames with a gap between",
    "steps: between the operations of a swap another session sees one whole version",
    operations("swap", (ops, written) =>
      ops.flatMap((op) => (written(op).includes(' RENAME TO "kept"') ? [op, sqlOp("COMMIT"), sqlOp("BEGIN")] : [op])),
    ),
  ),
];

const renaming = (from: TableRef, to: TableRef): SqlOp =>
  sqlOp(`ALTER TABLE ${duck.ident(from.path)} RENAME TO ${duck.ident(to.path.slice(-1))}`);
const apart: readonly Broken[] = [
  brokenApart(
    "replaces a comment by a mark",
    "steps: mark is what describe tells; another takes its place, and all else on the table stays",
    asked("mark", (s) => ({ table: { ...s.table, fingerprint: null } })),
  ),
  brokenApart(
    "carries no mark with a renamed table",
    "steps: rename carries rows, columns, what is on the table, and its mark; onto a table that is there it is an error",
    compiler("rename", (own) => (s) => [...own(s), sqlOp(`COMMENT ON TABLE ${duck.ident(s.to.path)} IS NULL`)]),
  ),
  brokenApart(
    "renames whatever is there",
    "steps: rename of a missing table is an error of kind missing-object",
    compiler("rename", () => (s) => [
      sqlOp(`ALTER TABLE IF EXISTS ${duck.ident(s.from.path)} RENAME TO ${duck.ident(s.to.path.slice(-1))}`),
    ]),
  ),
  brokenApart(
    "leaves marks with names",
    "steps: a swap carries the mark of each table with it",
    compiler("swap", (own) => (s) => [
      ...own(s),
      ...[s.at, s.keepAs].map((ref) => sqlOp(`COMMENT ON TABLE ${duck.ident(ref.path)} IS NULL`)),
    ]),
  ),
  brokenApart(
    "swaps by renames that may stop where there is no live",
    "steps: a swap that stops between two of its operations leaves live whole, and what was live under one of two names",
    compiler("swap", () => (s) => [
      ...(s.live === null ? [] : [renaming(s.live.ref, s.keepAs)]),
      renaming(s.candidate.ref, s.at),
    ]),
  ),
  brokenApart(
    "restores what is live now",
    "steps: restore makes a copy of live as it was at a tally, after further releases, with what is on live now",
    asked("restore", (s) => ({ before: duck.ident(s.live.ref.path) })),
  ),
  brokenApart(
    "grants nothing",
    "steps: regrant gives a table the grants of another, and takes them back",
    asked("regrant", (s) => ({ after: s.before })),
  ),
  brokenApart(
    "takes no grant back",
    "steps: regrant gives a table the grants of another, and takes them back",
    asked("regrant", () => ({ before: null })),
  ),
];

export const brokenSteps: readonly Broken[] = [
  ...lease,
  ...ledger,
  ...delta,
  ...capture,
  ...exchange,
  ...tally,
  ...whole,
  ...apart,
];
