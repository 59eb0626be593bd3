import * as z from "zod";
import { fault } from "./errors.js";
import type { Field } from "./link.js";

/** Numbers of 64 bits come as text. */
const whole = z.union([z.string(), z.number()]).transform(String);

export const fieldShape: z.ZodType<Field> = z.lazy(() =>
  z.object({
    name: z.string(),
    type: z.string(),
    mode: z.string().optional(),
    fields: z.array(fieldShape).optional(),
    description: z.string().optional(),
    policyTags: z.object({ names: z.array(z.string()).optional() }).optional(),
    maxLength: whole.optional(),
    precision: whole.optional(),
    scale: whole.optional(),
    collation: z.string().optional(),
    defaultValueExpression: z.string().optional(),
    roundingMode: z.string().optional(),
    rangeElementType: z.object({ type: z.string() }).optional(),
    generatedColumn: z.unknown().optional(),
  }),
);
export const schemaShape = z.object({ fields: z.array(fieldShape).default([]) });

export const jobShape = z.object({
  configuration: z.looseObject({ query: z.looseObject({ query: z.string().optional() }).optional() }).optional(),
  status: z.object({
    state: z.string(),
    errorResult: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional(),
  }),
  statistics: z
    .looseObject({
      totalBytesProcessed: whole.optional(),
      query: z
        .looseObject({
          statementType: z.string().optional(),
          numDmlAffectedRows: whole.optional(),
          totalBytesProcessed: whole.optional(),
          schema: schemaShape.optional(),
        })
        .optional(),
    })
    .optional(),
});
export type JobAnswer = z.output<typeof jobShape>;
export const jobsShape = z.object({ jobs: z.array(jobShape).default([]), nextPageToken: z.string().optional() });

export const resultsShape = z.object({
  jobComplete: z.boolean(),
  schema: schemaShape.optional(),
  rows: z.array(z.object({ f: z.array(z.object({ v: z.unknown() })) })).default([]),
  pageToken: z.string().optional(),
  totalBytesProcessed: whole.optional(),
  numDmlAffectedRows: whole.optional(),
});
export type ResultsAnswer = z.output<typeof resultsShape>;

/** What the service answered, as what it ought to be. */
export function read<T>(shape: z.ZodType<T>, body: unknown, what: string): T {
  const found = shape.safeParse(body);
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  throw fault(
    "transient",
    `the answer is no ${what}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim(),
    "Something between here and BigQuery may have changed it; run again.",
  );
}

const reference = z.object({ projectId: z.string(), datasetId: z.string(), tableId: z.string() });
export const tableShape = z.object({
  type: z.string().default("TABLE"),
  etag: z.string().default(""),
  description: z.string().optional(),
  friendlyName: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  schema: schemaShape.optional(),
  timePartitioning: z
    .object({
      type: z.enum(["HOUR", "DAY", "MONTH", "YEAR"]),
      field: z.string().optional(),
      expirationMs: whole.optional(),
      requirePartitionFilter: z.boolean().optional(),
    })
    .optional(),
  rangePartitioning: z.object({ field: z.string(), range: z.object({ start: whole, end: whole, interval: whole }) }).optional(),
  requirePartitionFilter: z.boolean().optional(),
  clustering: z.object({ fields: z.array(z.string()).optional() }).optional(),
  numRows: whole.optional(),
  lastModifiedTime: whole.optional(),
  expirationTime: whole.optional(),
  streamingBuffer: z.unknown().optional(),
  encryptionConfiguration: z.object({ kmsKeyName: z.string().optional() }).optional(),
  cloneDefinition: z.object({ baseTableReference: reference }).optional(),
  tableConstraints: z
    .object({
      primaryKey: z.object({ columns: z.array(z.string()).optional() }).optional(),
      foreignKeys: z.array(z.unknown()).optional(),
    })
    .optional(),
  maxStaleness: z.string().optional(),
  view: z.object({ query: z.string() }).optional(),
  biglakeConfiguration: z.unknown().optional(),
});
export type TableAnswer = z.output<typeof tableShape>;
export const tablesShape = z.object({
  tables: z.array(z.object({ tableReference: reference, type: z.string().default("TABLE") })).default([]),
  nextPageToken: z.string().optional(),
});
export const versionsShape = z.object({
  tables: z
    .array(
      z.object({
        tableReference: reference,
        labels: z.record(z.string(), z.string()).optional(),
        creationTime: whole.optional(),
        expirationTime: whole.optional(),
      }),
    )
    .default([]),
  nextPageToken: z.string().optional(),
});
export const datasetShape = z.object({ location: z.string() });
export const policyShape = z.object({
  etag: z.string().optional(),
  bindings: z
    .array(z.object({ role: z.string(), members: z.array(z.string()).default([]), condition: z.unknown().optional() }))
    .default([]),
});
export const rowPoliciesShape = z.object({
  rowAccessPolicies: z.array(z.object({ rowAccessPolicyReference: z.object({ policyId: z.string() }) })).default([]),
});
