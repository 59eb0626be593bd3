import type { Call, Endpoint } from "./faults.js";
import type { Query } from "./queries.js";
import type { Session } from "./sessions.js";
import { kindOf } from "./text.js";

/** The statement whose id is in the address; empty: none. */
export const idIn = (address: URL): string =>
  /^\/(?:queries|results|monitoring\/queries)\/([0-9a-f-]{36})/.exec(address.pathname)?.[1] ?? "";

export function endpointOf(method: string, { pathname, searchParams }: URL): Endpoint {
  if (pathname.startsWith("/storage/")) return "storage";
  if (pathname.startsWith("/results/")) return "chunk";
  if (pathname.startsWith("/monitoring/queries/")) return "monitor";
  if (/^\/queries\/[^/]+\/abort-request$/.test(pathname)) return "cancel";
  if (/^\/queries\/[^/]+\/result$/.test(pathname)) return "result";
  if (method !== "POST") return "unknown";
  if (pathname === "/session" && searchParams.get("delete") === "true") return "close";
  const named: Record<string, Endpoint> = {
    "/session/v1/login-request": "login",
    "/session/token-request": "renew",
    "/session/heartbeat": "heartbeat",
    "/queries/v1/query-request": "query",
    "/telemetry/send": "telemetry",
  };
  return named[pathname] ?? "unknown";
}

/** A request as the conditions of faults see it. */
export function describeCall(
  call: { endpoint: Endpoint; address: URL; text: string },
  session: Session | undefined,
  query: Query | undefined,
): Call {
  const asks = call.endpoint === "query" || call.endpoint === "cancel";
  const sent = asks && call.text !== "" ? (JSON.parse(call.text) as { sqlText?: unknown; requestId?: unknown }) : {};
  const sql = typeof sent.sqlText === "string" ? sent.sqlText : (query?.sql ?? "");
  return {
    endpoint: call.endpoint,
    session: session?.id ?? query?.session.id ?? null,
    sql,
    kind: kindOf(sql),
    requestId:
      call.address.searchParams.get("requestId") ??
      (typeof sent.requestId === "string" ? sent.requestId : (query?.requestId ?? "")),
    repeated: call.address.searchParams.has("retryCount"),
  };
}
