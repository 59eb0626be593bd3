// A simulator in a process of its own: says where it is, and ends with its standard input.
import { startBigQuery } from "../simulators/bigquery/server.js";

const sim = await startBigQuery();
const { projectId, location, apiEndpoint } = sim.connectionOptions();
process.stdout.write(`${JSON.stringify({ token: sim.token(), projectId, location, apiEndpoint })}\n`);
process.stdin.resume();
process.stdin.once("close", () => void sim.close().then(() => process.exit(0)));
process.stdin.once("end", () => void sim.close().then(() => process.exit(0)));
