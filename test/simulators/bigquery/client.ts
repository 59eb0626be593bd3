import { BigQuery, type BigQueryOptions } from "@google-cloud/bigquery";

export type AuthClient = NonNullable<BigQueryOptions["authClient"]>;

/**
 * What signs the client's requests with this token. Without an `authClient` uploads ask Google for a token, and crash where there is
 * none. The client's own library makes it, from a user's login; the token has no end, so nothing is ever refreshed.
 */
export function authClient(token: string): AuthClient {
  const login = { type: "authorized_user", client_id: "none", client_secret: "none", refresh_token: "none" };
  const client = new BigQuery({ projectId: "none" }).authClient.fromJSON(login);
  client.setCredentials({ access_token: token });
  return client;
}
