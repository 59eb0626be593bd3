import { bigquery } from "cutover/bigquery";
import { authClient } from "../simulators/bigquery/client.js";
import { type Doing, perform } from "../support/items-releases.js";

const { login, token, ...task } = JSON.parse(process.argv[2] ?? "") as {
  readonly login: {
    readonly projectId: string;
    readonly dataset: string;
    readonly location: string;
    readonly apiEndpoint: string;
  };
  readonly token: string;
} & Doing;
const warehouse = bigquery({ ...login, authClient: authClient(token) });
process.stdout.write(`${JSON.stringify(await perform(warehouse, task as Doing))}\n`);
