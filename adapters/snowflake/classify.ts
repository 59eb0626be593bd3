import { endedBy, type Fault, localMeaning, type Meaning, messageOf, missingDriver } from "cutover/adapter";
import { cancelled, SnowflakeFault } from "./errors.js";

/** What a driver's error is made of. Read once, so that hostile getters and prototypes do no harm. */
interface Native {
  readonly code: string;
  readonly state: string;
  readonly message: string;
}

const absent: Meaning = [
  "missing-object",
  "The object does not exist, or the role may not see it: check the name, and grant USAGE on its database and schema, and a privilege on itself.",
];
const conflict: Meaning = ["conflict", "Another transaction held a lock on the table; nothing was changed, run again."];
const stopped: Meaning = ["cancelled", "The statement was cancelled and nothing was changed; run it again when you want it."];
const misfit: Meaning = ["bad-data", "A value does not fit its column; mend the source, or the column's type."];
const lost: Meaning = ["transient", "The connection to Snowflake was lost; run again."];
const expired: Meaning = ["transient", "The session has ended; run again, a new one is opened."];
const refused: Meaning = [
  "denied",
  "Snowflake refused the login: check account, username, authenticator and credential, and the network policy.",
];
const lacking: Meaning = ["denied", "The role lacks a privilege; grant it, or name another `role`."];
const file: Meaning = [
  "bad-file",
  "The file is missing, empty, truncated or of another format; write it again and load once more.",
];
const noWarehouse: Meaning = [
  "resources",
  "No warehouse can run the statement: name one in `warehouse`, grant USAGE on it, and see that it may resume.",
];

/**
 * Codes of the service and of the driver.
 * Sources: docs.snowflake.com (error messages, transactions, COPY INTO), the driver's `constants/gs_errors.js` and `error_code.js`.
 */
const codes: Readonly<Record<string, Meaning>> = {
  "002003": absent,
  "002043": absent,
  "002037": absent,
  "000904": ["missing-object", "A column that the statement names does not exist; check the name."],
  "002139": ["missing-object", "The table has no such column or function; check the name."],
  "001003": ["syntax", "The statement is not valid SQL here; correct it."],
  "003540": lacking,
  "003041": lacking,
  "000625": conflict,
  "000613": conflict,
  "000624": conflict,
  "000639": conflict,
  "000603": ["transient", "Snowflake met an error of its own and changed nothing; run again."],
  "000604": stopped,
  "000605": stopped,
  "000630": ["cancelled", "The statement ran into its time limit and nothing was changed; raise `statementTimeoutSeconds`."],
  "000606": noWarehouse,
  "000607": noWarehouse,
  "000608": noWarehouse,
  "000609": noWarehouse,
  "090073": noWarehouse,
  "090105": absent,
  "090106": absent,
  "002002": ["unsupported", "An object of that name exists already; drop or rename it."],
  "100090": ["bad-data", "Several rows came for one row of the table; the key must be unique on both sides."],
  "100072": ["bad-data", "NULL came for a column that is NOT NULL; mend the source, or the table."],
  "100080": file,
  "100016": file,
  "100131": file,
  "100132": file,
  "100069": ["bad-data", "The text is no JSON; mend the source."],
  "253006": file,
  "390112": expired,
  "390114": expired,
  "390104": expired,
  "390111": expired,
  "390100": refused,
  "390101": refused,
  "390144": refused,
  "390189": ["denied", "The role does not exist or is not granted to the user; check `role`."],
  "390191": refused,
  "390195": refused,
  "390303": refused,
  "390318": refused,
  "394400": refused,
  "390422": ["denied", "A network policy keeps this address out; ask the account's administrator."],
  "401001": lost,
  "401002": lost,
  "401003": lost,
  "401004": expired,
  "402001": lost,
  "402002": lost,
  "405501": expired,
  "405503": expired,
  "407001": expired,
  "407002": expired,
};
/** Codes of the driver's own that leave open what the service did. */
const ambiguous: ReadonlySet<string> = new Set(["401001", "401002", "401003"]);

/** By SQL state, where the code is not known. The first that fits decides. */
const states: readonly (readonly [state: RegExp, meaning: Meaning])[] = [
  [/^(?:40|55P03)/, conflict],
  [/^57014/, stopped],
  [/^08/, lost],
  [/^(?:28|42501)/, lacking],
  [/^(?:42S02|02000|42704|42703)/, absent],
  [/^(?:42710|0A)/, ["unsupported", "Something else bears the name, or the service cannot do it; see its message."]],
  [/^2[23]/, misfit],
  [/^42/, ["syntax", "The statement is not valid SQL here; correct it."]],
  [/^53/, ["resources", "Snowflake ran out of a resource; try again, or with a larger warehouse."]],
];
/** By what the service says: locks have several codes, and some of its states are misleading. */
const messages: readonly (readonly [message: RegExp, meaning: Meaning])[] = [
  [/deadlock|has locked table|number of waiters|lock timeout|lock has not yet been released|waiting for (?:a )?lock/i, conflict],
  [/No active warehouse|Warehouse .* (?:was suspended|cannot be resumed|is suspended)/i, noWarehouse],
  [/SQL execution canceled/i, stopped],
  [/NULL result in a non-nullable column/i, codes["100072"] as Meaning],
  [/Duplicate row detected/i, codes["100090"] as Meaning],
  [
    /is not recognized|out of (?:the )?(?:representable )?range|is too long and would be truncated|Failed to cast|Error parsing JSON/i,
    misfit,
  ],
  [/privileges to operate on database/i, ["denied", "Grant CREATE SCHEMA on the database: the ledger is made there."]],
  [
    /privileges to operate on schema/i,
    ["denied", "Grant CREATE TABLE on the schema: tables, candidates and what is staged are made there."],
  ],
  [
    /privileges to operate on table/i,
    [
      "denied",
      "Grant SELECT, INSERT, UPDATE and DELETE on the table, and OWNERSHIP where it is swapped; or name another `role`.",
    ],
  ],
  [/Time travel data is not available/i, ["missing-object", "The table's history does not reach back so far any more."]],
];

/** Explains whatever `open`, a session or the driver threw. */
export function classify(e: unknown): Fault {
  if (e instanceof SnowflakeFault) return e.fault;
  if (!(e instanceof Error)) return { kind: "other", outcome: "unknown", native: messageOf(e) };
  const missing = missingDriver(e, "snowflake-sdk");
  if (missing !== null) return missing;
  const ended = endedBy(e);
  if (ended !== null) return cancelled(ended, true).fault;
  const native = nativeOf(e);
  const fault = explain(native, diskOf(e));
  // What a statement came to is told by a SnowflakeFault: this is no word of the driver's or of the service's.
  return native.code === "" && native.state === "" ? { ...fault, outcome: "not-applied" } : fault;
}

const text = (e: Error, property: "code" | "sqlState"): string => {
  const value = (e as { readonly code?: unknown; readonly sqlState?: unknown })[property];
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
};
export const nativeOf = (e: Error): Native => ({
  code: /^\d+$/.test(text(e, "code")) ? text(e, "code").padStart(6, "0") : text(e, "code"),
  state: text(e, "sqlState"),
  message: e.message,
});
/** Of the file system of this machine; the network's errors come within the driver's own. */
const diskOf = (e: Error): Meaning | null =>
  localMeaning(text(e, "code"), "The local folder for temporary files cannot be used; set TMPDIR to one that can.");

/** Why no session was opened: whatever it was, no statement of the caller's was sent. */
export function explainLogin(native: Native, status: number | null): Fault {
  const { hint, ...found } = explain(native);
  const fault = { ...found, outcome: "not-applied" } as const;
  if (status === 403 || status === 404)
    return { ...fault, kind: "denied", hint: `No account answers there (HTTP ${status}): check \`account\`, or \`accessUrl\`.` };
  return found.kind === "other"
    ? { ...fault, kind: refused[0], hint: refused[1] }
    : { ...fault, ...(hint === undefined ? {} : { hint }) };
}

export function explain({ code, state, message }: Native, known: Meaning | null = null): Fault {
  const said = messages.find(([pattern]) => pattern.test(message))?.[1];
  const byClass = /^100\d{3}$/.test(code) ? misfit : undefined;
  const byState = states.find(([pattern]) => pattern.test(state))?.[1];
  const found = known ?? codes[code] ?? said ?? byClass ?? byState;
  const fromService = /^\d{6}$/.test(code) && !ambiguous.has(code);
  const outcome = fromService || known !== null ? "not-applied" : "unknown";
  const native = [code, state, message].filter((part) => part !== "").join(" ");
  if (found === undefined) return { kind: "other", outcome, native, hint: "Look at the error underneath." };
  return { kind: found[0], outcome, native, hint: found[1] };
}
