/** The requests that the simulator knows, by the names of the API's methods; `results` is jobs.getQueryResults. */
const paths = {
  "datasets.list": ["GET", "datasets"],
  "datasets.insert": ["POST", "datasets"],
  "datasets.get": ["GET", "datasets/{dataset}"],
  "datasets.patch": ["PATCH", "datasets/{dataset}"],
  "datasets.update": ["PUT", "datasets/{dataset}"],
  "datasets.delete": ["DELETE", "datasets/{dataset}"],
  "tables.list": ["GET", "datasets/{dataset}/tables"],
  "tables.insert": ["POST", "datasets/{dataset}/tables"],
  "tables.get": ["GET", "datasets/{dataset}/tables/{table}"],
  "tables.patch": ["PATCH", "datasets/{dataset}/tables/{table}"],
  "tables.update": ["PUT", "datasets/{dataset}/tables/{table}"],
  "tables.delete": ["DELETE", "datasets/{dataset}/tables/{table}"],
  "tables.getIamPolicy": ["POST", "datasets/{dataset}/tables/{table}:getIamPolicy"],
  "tables.setIamPolicy": ["POST", "datasets/{dataset}/tables/{table}:setIamPolicy"],
  "tables.testIamPermissions": ["POST", "datasets/{dataset}/tables/{table}:testIamPermissions"],
  "rowAccessPolicies.list": ["GET", "datasets/{dataset}/tables/{table}/rowAccessPolicies"],
  "rowAccessPolicies.insert": ["POST", "datasets/{dataset}/tables/{table}/rowAccessPolicies"],
  "rowAccessPolicies.get": ["GET", "datasets/{dataset}/tables/{table}/rowAccessPolicies/{policy}"],
  "rowAccessPolicies.update": ["PUT", "datasets/{dataset}/tables/{table}/rowAccessPolicies/{policy}"],
  "rowAccessPolicies.delete": ["DELETE", "datasets/{dataset}/tables/{table}/rowAccessPolicies/{policy}"],
  "tabledata.list": ["GET", "datasets/{dataset}/tables/{table}/data"],
  "tabledata.insertAll": ["POST", "datasets/{dataset}/tables/{table}/insertAll"],
  "jobs.list": ["GET", "jobs"],
  "jobs.insert": ["POST", "jobs"],
  "jobs.get": ["GET", "jobs/{job}"],
  "jobs.cancel": ["POST", "jobs/{job}/cancel"],
  "jobs.delete": ["DELETE", "jobs/{job}/delete"],
  "jobs.query": ["POST", "queries"],
  results: ["GET", "queries/{job}"],
} as const satisfies Record<string, readonly [method: string, path: string]>;

/** What requests of JSON ask for. */
export type Method = keyof typeof paths;

/** `upload`: a file and its load job in one request. `upload.start`, `upload.chunk`: a resumable upload and what belongs to it. */
export type Endpoint = Method | "upload" | "upload.start" | "upload.chunk" | "unknown";

export interface Route {
  readonly endpoint: Endpoint;
  readonly project: string;
  /** Names from the address. */
  readonly dataset: string;
  readonly table: string;
  readonly policy: string;
  readonly job: string;
}

const known = Object.entries(paths).map(([endpoint, [method, path]]) => {
  const pattern = path.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/:]+)");
  return { endpoint: endpoint as Method, method: method as string, pattern: new RegExp(`^${pattern}$`) };
});

export function routeOf(method: string, address: URL): Route {
  const nowhere: Route = { endpoint: "unknown", project: "", dataset: "", table: "", policy: "", job: "" };
  const upload = /^\/upload\/bigquery\/v2\/projects\/([^/]+)\/jobs$/.exec(address.pathname);
  if (upload) return { ...nowhere, project: decodeURIComponent(upload[1] ?? ""), endpoint: uploadOf(method, address) };
  const found = /^\/bigquery\/v2\/projects\/([^/]+)\/(.+)$/.exec(address.pathname);
  if (!found) return nowhere;
  for (const { endpoint, method: wanted, pattern } of known) {
    const parts = method === wanted ? pattern.exec(found[2] ?? "") : null;
    if (!parts) continue;
    const named = Object.entries(parts.groups ?? {}).map(([name, text]) => [name, decodeURIComponent(text)]);
    return { ...nowhere, ...Object.fromEntries(named), endpoint, project: decodeURIComponent(found[1] ?? "") };
  }
  return nowhere;
}

function uploadOf(method: string, { searchParams }: URL): Endpoint {
  const type = searchParams.get("uploadType");
  if (method === "POST" && type === "multipart") return "upload";
  if (method === "POST" && type === "resumable") return "upload.start";
  return method === "PUT" && searchParams.has("upload_id") ? "upload.chunk" : "unknown";
}
