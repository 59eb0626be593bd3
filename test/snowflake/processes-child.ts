import { type SnowflakeOptions, snowflake } from "cutover/snowflake";
import { type Doing, perform } from "../support/items-releases.js";

const { login, ...task } = JSON.parse(process.argv[2] ?? "") as { readonly login: SnowflakeOptions } & Doing;
process.stdout.write(`${JSON.stringify(await perform(snowflake(login), task as Doing))}\n`);
