import { CutoverError } from "cutover/adapter";
import * as z from "zod";
import type { ClientLike } from "./client.js";

const word = z.string().min(1);
const has = (v: unknown, ...methods: readonly string[]): boolean =>
  typeof v === "object" && v !== null && methods.every((m) => typeof (v as Record<string, unknown>)[m] === "function");

// docs: "Requirements for labels": lower case letters of any script, digits, `_` and `-`; at most 63 characters.
const labelKey = z
  .string()
  .regex(/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u, "is no label: lower case letters, digits, _ and -");
const labelValue = z
  .string()
  .regex(/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u, "is no value of a label: lower case letters, digits, _ and -");
const bytes = z
  .union([z.bigint(), z.int()])
  .refine((n) => n > 0, "must be above 0")
  .transform((n) => String(n));

const place = {
  /** The project that pays for the jobs and has the dataset. Default: that of the credentials. */
  projectId: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.:-]*$/, "is no id of a project")
    .optional(),
  /** The dataset that names without one stand for. It must exist. */
  dataset: z.string().regex(/^\w{1,1024}$/, "is no name of a dataset: letters, digits and _"),
  /** Where the dataset is (`EU`, `us-central1`). Default: asked of the dataset. */
  location: z
    .string()
    .regex(/^[a-z0-9-]+$/i, "is no location")
    .optional(),
  /** The service refuses queries that would be billed for more bytes, each by itself. Default: no limit. */
  maximumBytesBilled: bytes.optional(),
  /**
   * What bears the names that readers use. "table" (the default): a table, which a swap overwrites. "view": a view on the table of a
   * version beside it, which a swap points at another version; cutover makes it where there is nothing.
   */
  live: z.enum(["table", "view"]).optional(),
  /** The most operations of all pipelines on the warehouse that are at work at once, beside one for heartbeats. Default 8. */
  maxSessions: z.int().min(1).optional(),
  /** Labels of every job, beside `cutover`. */
  labels: z
    .record(labelKey, labelValue)
    .refine((l) => Object.keys(l).length <= 60, "are more than 60")
    .refine((l) => !("cutover" in l), "cannot have `cutover`, which tells the pipeline")
    .default({}),
};
const own = {
  /** Another address of the service: `http://127.0.0.1:9050`. */
  apiEndpoint: z
    .url({ protocol: /^https?$/ })
    .refine((address) => !/[@?#]/.test(address), "can have no user, no password and no parameters")
    .optional(),
};
const given = {
  client: z.strictObject({
    /** A `BigQuery` of @google-cloud/bigquery. Its project and its way to log in hold. */
    client: z.custom<ClientLike>((v) => has(v, "request", "getProjectId"), "is no BigQuery of @google-cloud/bigquery"),
    ...place,
  }),
  authClient: z.strictObject({
    /** What google-auth-library logs in with. */
    authClient: z.custom<object>((v) => has(v, "getRequestHeaders"), "is no client of google-auth-library"),
    ...place,
    ...own,
  }),
  keyFilename: z.strictObject({ keyFilename: word, ...place, ...own }),
  credentials: z.strictObject({
    /** The contents of a key file. */
    credentials: z.record(z.string(), z.unknown()).refine((c) => Object.keys(c).length > 0, "are empty"),
    ...place,
    ...own,
  }),
  default: z.strictObject({ ...place, ...own }),
};
type Kind = keyof typeof given;

/**
 * How to reach a project of BigQuery: with `credentials`, a `keyFilename`, an `authClient`, or a `client` of the application's own;
 * with none of them by the application default credentials.
 */
export type BigQueryOptions = z.input<(typeof given)[Kind]>;
export type Settings = z.output<(typeof given)[Kind]>;

/** @throws CutoverError `CONFIG`, which names options and never tells their values. */
export function readOptions(options: unknown): Settings {
  const kinds = (["client", "authClient", "keyFilename", "credentials"] as const).filter(
    (k) => typeof options === "object" && options !== null && (options as Record<string, unknown>)[k] !== undefined,
  );
  const kind: Kind = kinds[0] ?? "default";
  const read = given[kind].safeParse(options);
  if (read.success) return read.data;
  const issues = read.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((path) => ({ path, message: unknownOption(path, kind) }))
      : [{ path: issue.path.join("."), message: messageOf(issue) }],
  );
  const [first] = issues;
  throw new CutoverError("CONFIG", `bigquery: ${first?.path} ${first?.message}`.replace(/ {2,}/g, " "), { issues });
}
/** The words of a key that is none say its own only. */
const messageOf = (issue: z.core.$ZodIssue): string =>
  issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;

const known: ReadonlySet<string> = new Set([...Object.keys(given), ...Object.keys(place), ...Object.keys(own)]);
const unknownOption = (path: string, kind: Kind): string =>
  known.has(path) && kind !== "default" ? `cannot be given beside \`${kind}\`` : "is no option";

/** The values that must never be seen. */
export function secretsOf(s: Settings): readonly string[] {
  if (!("credentials" in s)) return [];
  const texts: string[] = [];
  const collect = (value: unknown, name: string): void => {
    if (typeof value === "string" && /key|secret|token|password|assertion/i.test(name) && !/_url$|^type$|_uri$/i.test(name)) {
      texts.push(value);
      // A message may quote one line of a key.
      if (value.includes("\n")) texts.push(...value.split("\n"));
    } else if (typeof value === "object" && value !== null) for (const [k, v] of Object.entries(value)) collect(v, k);
  };
  collect(s.credentials, "");
  return texts.filter((t) => t.length > 5 && !/^-+(BEGIN|END) /.test(t)).sort((a, b) => b.length - a.length);
}
