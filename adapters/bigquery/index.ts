import { defineAdapter, type Warehouse } from "cutover/adapter";
import { capabilities } from "./capabilities.js";
import { classify } from "./classify.js";
import { connector } from "./connect.js";
import type { BigQueryNative } from "./natives.js";
import { type BigQueryOptions, readOptions } from "./options.js";
import { sessionOn } from "./session.js";
import { steps } from "./steps/index.js";
import { syntax } from "./syntax.js";
import { viewSteps } from "./view/steps.js";

export type { BigQueryOptions } from "./options.js";

/**
 * A BigQuery warehouse. Nothing is opened yet: a client is made when a pipeline needs one, and logs in as the options say, by
 * default with the application default credentials. A `client` of the application's is used as it is. There is nothing to be closed:
 * each call is a job or a request of its own. Jobs bear the label `cutover`, with the pipeline's name, and the `labels` given.
 * @throws CutoverError `CONFIG` when an option is wrong.
 */
export function bigquery(options: BigQueryOptions): Warehouse {
  const settings = readOptions(options);
  const connect = connector(settings);
  return defineAdapter<BigQueryNative>()({
    contract: 1,
    name: "bigquery",
    capabilities,
    maxSessions: settings.maxSessions,
    syntax,
    steps: settings.live === "view" ? viewSteps : steps,
    open: async (o) => sessionOn(await connect(o)),
    classify,
  });
}
