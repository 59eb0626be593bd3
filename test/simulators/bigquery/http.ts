import type { IncomingMessage } from "node:http";
import type { Outgoing } from "../shared/http.js";
import * as shared from "../shared/http.js";
import { SimError } from "./engine/types.js";
import { errorBody, errors } from "./errors.js";

/** The service writes the charset in capitals, so the client takes the body for text and parses it later (teeny-request, index.js). */
const jsonType = "application/json; charset=UTF-8";

export const json = (body: string, status = 200): Outgoing => ({ status, type: jsonType, body });
export const ok = (value: unknown): Outgoing => json(JSON.stringify(value));
export const nothing: Outgoing = { status: 204, type: "", body: "" };
export const refused = (e: SimError): Outgoing => json(errorBody(e), e.status);

/** A whole body of JSON; one above the limit is read to its end and then refused. */
export async function readBody(req: IncomingMessage, limit: number): Promise<{ readonly text: string; readonly bytes: number }> {
  const body = await shared.readBody(req, limit);
  if (body === null) throw errors.bodyTooLarge();
  return body;
}

/** An answer that is no answer of the service's own: a proxy before it, or the error body that such a status has there. */
export function httpError(status: number, reason?: string, message?: string): Outgoing {
  const usual: Record<number, string> = { 429: "rateLimitExceeded", 500: "internalError", 503: "backendError" };
  const named = reason ?? usual[status];
  if (named === undefined)
    return { status, type: "text/html; charset=UTF-8", body: `<html><title>Error ${status}</title></html>` };
  return refused(new SimError(named, status, message ?? `Error ${status}: ${named}`));
}
