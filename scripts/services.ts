import { BigQuery } from "@google-cloud/bigquery";
import type { Harness } from "cutover/conformance";

/** A real service to run the kit on. */
export interface Service {
  /** The environment variables that name an account, by option; those that must be set. */
  readonly variables: Readonly<Record<string, string>>;
  readonly needed: readonly string[];
  /** Made of the options that the environment gives. */
  harness(options: Readonly<Record<string, string>>): Promise<Harness & { readonly cost: () => object }>;
}

export const services: Readonly<Record<string, Service>> = {
  snowflake: {
    variables: {
      account: "SNOWFLAKE_ACCOUNT",
      username: "SNOWFLAKE_USER",
      password: "SNOWFLAKE_PASSWORD",
      token: "SNOWFLAKE_TOKEN",
      privateKeyPath: "SNOWFLAKE_PRIVATE_KEY_PATH",
      privateKeyPass: "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE",
      authenticator: "SNOWFLAKE_AUTHENTICATOR",
      accessUrl: "SNOWFLAKE_ACCESS_URL",
      database: "SNOWFLAKE_DATABASE",
      warehouse: "SNOWFLAKE_WAREHOUSE",
      role: "SNOWFLAKE_ROLE",
    },
    needed: ["account", "username", "database", "warehouse"],
    harness: async (options) => (await import("../test/snowflake/harness.js")).harnessIn(options),
  },
  bigquery: {
    variables: {
      projectId: "BIGQUERY_PROJECT",
      location: "BIGQUERY_LOCATION",
      keyFilename: "BIGQUERY_KEY_FILE",
      accessToken: "BIGQUERY_ACCESS_TOKEN",
      apiEndpoint: "BIGQUERY_API_ENDPOINT",
    },
    needed: ["projectId", "location"],
    harness: async ({ accessToken, projectId = "", location = "", ...more }) => {
      const login = accessToken === undefined ? {} : { authClient: withToken(accessToken) };
      return (await import("../test/bigquery/harness.js")).harnessIn({ projectId, location, ...more, ...login });
    },
  },
};

/** Logs in by a token that was got elsewhere (`gcloud auth print-access-token`); it is not renewed. */
function withToken(accessToken: string): object {
  const none = { type: "authorized_user", client_id: "none", client_secret: "none", refresh_token: "none" };
  const client = new BigQuery({ projectId: "none" }).authClient.fromJSON(none);
  client.setCredentials({ access_token: accessToken });
  return client;
}
