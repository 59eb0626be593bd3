import { z } from "zod";
import type { Caller, DatasetName, PageRequest, Resource, TableName } from "./engine/types.js";
import { errors } from "./errors.js";
import { json, nothing, ok } from "./http.js";
import { page, timestampsOf, withRows } from "./results.js";
import { type Handler, type Incoming, numberOf, type World } from "./world.js";

const resource: z.ZodType<Resource> = z.record(z.string(), z.any());
const bodyOf = ({ text }: Incoming): Resource => resource.parse(JSON.parse(text));
const by = ({ user }: Incoming): Caller => ({ user });
const datasetOf = ({ route }: Incoming): DatasetName => ({ projectId: route.project, datasetId: route.dataset });
const tableOf = (call: Incoming): TableName => ({ ...datasetOf(call), tableId: call.route.table });

/** If-Match; a star fits everything. */
function etagOf({ req }: Incoming): string | null {
  const sent = req.headers["if-match"];
  return sent === undefined || sent === "*" ? null : sent;
}

function pageOf({ query }: Incoming): PageRequest {
  const maxResults = numberOf(query, "maxResults");
  const pageToken = query.get("pageToken");
  return { ...(maxResults !== null && { maxResults }), ...(pageToken && { pageToken }) };
}

const tokenOf = (token: string | null): Resource => (token === null ? {} : { nextPageToken: token });

const rows: Handler = async (call, world) => {
  const { query } = call;
  const startIndex = numberOf(query, "startIndex");
  const selected = query.get("selectedFields");
  const asked = { ...(startIndex !== null && { startIndex }), selectedFields: selected === null ? null : selected.split(",") };
  const found = await world.engine.rows(tableOf(call), { ...pageOf(call), ...asked }, by(call));
  const timestamps = timestampsOf({
    format: query.get("formatOptions.timestampOutputFormat"),
    int64: query.get("formatOptions.useInt64Timestamp") === "true",
  });
  const whole = { start: 0, maxResults: null, bytes: Number.POSITIVE_INFINITY, timestamps };
  const { rows: text, count } = page(found.schema, found.rows, whole);
  const head = { kind: "bigquery#tableDataList", etag: String(found.totalRows), totalRows: String(found.totalRows) };
  const token = found.nextPageToken === null ? {} : { pageToken: found.nextPageToken };
  return json(withRows({ ...head, ...token }, count === 0 ? null : text));
};

const streamBody = z.looseObject({ rows: z.array(z.looseObject({ json: resource })) });

const stream: Handler = async (call, world) => {
  const sent = streamBody.parse(JSON.parse(call.text)).rows.map((r) => r.json);
  await world.engine.stream(tableOf(call), sent, by(call));
  return ok({ kind: "bigquery#tableDataInsertAllResponse" });
};

const routes = {
  "datasets.list": (call, { engine }) => {
    const { items, nextPageToken } = engine.datasets.list(call.route.project, pageOf(call), by(call));
    return ok({ kind: "bigquery#datasetList", etag: String(items.length), ...tokenOf(nextPageToken), datasets: items });
  },
  "datasets.insert": (call, { engine }) => ok(engine.datasets.insert(call.route.project, bodyOf(call), by(call))),
  "datasets.get": (call, { engine }) => ok(engine.datasets.get(datasetOf(call), by(call))),
  "datasets.patch": (call, { engine }) => ok(engine.datasets.patch(datasetOf(call), bodyOf(call), etagOf(call), by(call))),
  "datasets.update": (call, { engine }) => ok(engine.datasets.update(datasetOf(call), bodyOf(call), etagOf(call), by(call))),
  "datasets.delete": (call, { engine }) => {
    engine.datasets.delete(datasetOf(call), call.query.get("deleteContents") === "true", by(call));
    return nothing;
  },
  "tables.list": (call, { engine }) => {
    const { items, nextPageToken, total } = engine.tables.list(datasetOf(call), pageOf(call), by(call));
    const head = { kind: "bigquery#tableList", etag: String(total), ...tokenOf(nextPageToken) };
    return ok({ ...head, ...(items.length > 0 && { tables: items }), totalItems: total });
  },
  "tables.insert": async (call, { engine }) => ok(await engine.tables.insert(datasetOf(call), bodyOf(call), by(call))),
  "tables.get": (call, { engine }) => ok(engine.tables.get(tableOf(call), call.query.get("view"), by(call))),
  "tables.patch": async (call, { engine }) => ok(await engine.tables.patch(tableOf(call), bodyOf(call), etagOf(call), by(call))),
  "tables.update": async (call, { engine }) =>
    ok(await engine.tables.update(tableOf(call), bodyOf(call), etagOf(call), by(call))),
  "tables.delete": (call, { engine }) => {
    engine.tables.delete(tableOf(call), by(call));
    return nothing;
  },
  "tables.getIamPolicy": (call, { engine }) => ok(engine.iam.get(tableOf(call), by(call))),
  "tables.setIamPolicy": (call, { engine }) => {
    const { policy } = z.looseObject({ policy: resource }).parse(bodyOf(call));
    return ok(engine.iam.set(tableOf(call), policy, by(call)));
  },
  "tables.testIamPermissions": (call, { engine }) => {
    const { permissions } = z.looseObject({ permissions: z.array(z.string()) }).parse(bodyOf(call));
    const held = engine.iam.test(tableOf(call), permissions, by(call));
    return ok(held.length === 0 ? {} : { permissions: held });
  },
  "rowAccessPolicies.list": (call, { engine }) => {
    const { items, nextPageToken } = engine.rowAccessPolicies.list(tableOf(call), pageOf(call), by(call));
    return ok({ ...(items.length > 0 && { rowAccessPolicies: items }), ...tokenOf(nextPageToken) });
  },
  "rowAccessPolicies.insert": (call, { engine }) => ok(engine.rowAccessPolicies.insert(tableOf(call), bodyOf(call), by(call))),
  "rowAccessPolicies.get": (call, { engine }) => ok(engine.rowAccessPolicies.get(tableOf(call), call.route.policy, by(call))),
  "rowAccessPolicies.update": (call, { engine }) =>
    ok(engine.rowAccessPolicies.update(tableOf(call), call.route.policy, bodyOf(call), by(call))),
  "rowAccessPolicies.delete": (call, { engine }) => {
    engine.rowAccessPolicies.delete(tableOf(call), call.route.policy, call.query.get("force") === "true", by(call));
    return nothing;
  },
  "tabledata.list": rows,
  "tabledata.insertAll": stream,
} satisfies Record<string, Handler>;

/** The project of an address is looked at first: the engine knows one. */
const inProject =
  (handler: Handler): Handler =>
  (call: Incoming, world: World) => {
    if (call.route.project !== world.project) throw errors.projectNotFound(call.route.project);
    return handler(call, world);
  };

export const tableRoutes = Object.fromEntries(
  Object.entries(routes).map(([name, handler]) => [name, inProject(handler as Handler)]),
) as Record<keyof typeof routes, Handler>;
