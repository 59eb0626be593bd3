import type { IoOptions } from "cutover/adapter";
import { datasetShape, read } from "./answers.js";
import { type Client, clientOf, translate } from "./client.js";
import { BigQueryFault, fault } from "./errors.js";
import { type Link, linkOn, rest } from "./link.js";
import type { Settings } from "./options.js";

/** A link, and what precedes shorter names. */
export interface Opened {
  readonly link: Link;
  readonly home: readonly [project: string, dataset: string];
}

/** Opens sessions over one client, which is made when the first is opened. A session costs one request: whether the dataset is there. */
export function connector(settings: Settings): (o: IoOptions) => Promise<Opened> {
  let client: Promise<Client> | undefined;
  return async (o) => {
    client ??= clientOf(settings);
    const made = await client.catch((e: unknown) => {
      client = undefined;
      throw e;
    });
    return connect(made, settings, o);
  };
}

async function connect(client: Client, settings: Settings, o: IoOptions): Promise<Opened> {
  const project = settings.projectId ?? (await projectOf(client));
  const location = await locationOf(client, project, settings, o);
  const { dataset, labels, maximumBytesBilled = null, live = "table" } = settings;
  const link = linkOn({ client, project, dataset, location, labels, maximumBytesBilled }, live);
  return { link, home: [project, settings.dataset] };
}

async function projectOf(client: Client): Promise<string> {
  try {
    return await client.raw.getProjectId();
  } catch (e) {
    const known = translate(e, client.redact);
    if (known.fault.kind !== "denied" && known.fault.kind !== "other") throw known;
    throw fault("denied", known.message, "Name the `projectId`, and see that there are credentials for it.");
  }
}

async function locationOf(client: Client, project: string, settings: Settings, o: IoOptions): Promise<string> {
  const { dataset } = settings;
  const found = await rest(client, project, { method: "GET", path: `/datasets/${dataset}` }, o).catch((e: unknown) => {
    throw e instanceof BigQueryFault ? notOpened(e, project, dataset) : e;
  });
  const { location } = read(datasetShape, found, "dataset");
  if (settings.location === undefined || settings.location.toLowerCase() === location.toLowerCase()) return location;
  throw fault(
    "missing-object",
    `the dataset ${project}.${dataset} is in ${location}, not in ${settings.location}`,
    `Leave \`location\` out, or set it to "${location}".`,
  );
}
function notOpened(e: BigQueryFault, project: string, dataset: string): BigQueryFault {
  const told = (hint: string): BigQueryFault =>
    new BigQueryFault(e.message, { kind: e.fault.kind, outcome: "not-applied", ...native(e), hint }, e);
  const known = e.status === 404 || e.status === 403 || e.status === 400;
  if (known && /project/i.test(e.message) && !/dataset/i.test(e.message))
    return told(`There is no project ${project}, or it is closed to this account: check \`projectId\`.`);
  if (e.status === 404)
    return told(
      `There is no dataset ${dataset} in the project ${project}: make it first, or check \`dataset\` and \`projectId\`.`,
    );
  if (e.status === 403)
    return told(`Grant the account roles/bigquery.dataEditor on the dataset ${project}.${dataset}, or check \`projectId\`.`);
  return e;
}
const native = (e: BigQueryFault): { readonly native?: string } =>
  e.fault.native === undefined ? {} : { native: e.fault.native };
