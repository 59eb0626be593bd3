// A change that a second person approves, in processes of their own: main.ts nightly <n> | propose | approve, each on the file and
// the ticket in the folder that comes last.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isCutoverError } from "cutover";
import { duckdb } from "cutover/duckdb";
import { approve, nightly, propose, shop, type Ticket } from "./shop.js";

const [command, ...args] = process.argv.slice(2);
const folder = args.at(-1) ?? ".";
const ticketFile = join(folder, "ticket.json");
await using etl = shop(duckdb({ path: join(folder, "shop.duckdb") }));

if (command === "nightly") {
  console.log(`release ${await nightly(etl, Number(args[0]))}: the night's rows`);
} else if (command === "propose") {
  const ticket = await propose(etl);
  writeFileSync(ticketFile, JSON.stringify(ticket));
  console.log(`release ${ticket.release} waits for approval`);
} else if (command === "approve") {
  try {
    const { published, ticket } = await approve(etl, JSON.parse(readFileSync(ticketFile, "utf8")) as Ticket);
    writeFileSync(ticketFile, JSON.stringify(ticket));
    const told = published ? "is live" : "was made again, since live had moved on: look at it again";
    console.log(`release ${ticket.release} ${told}`);
  } catch (e) {
    if (!isCutoverError(e)) throw e;
    console.log(`${e.code}: ${e.message}`);
  }
} else {
  console.log("main.ts nightly <n> | propose | approve, and a folder");
}
