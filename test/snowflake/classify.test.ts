import { expect, it } from "vitest";
import { classify } from "../../adapters/snowflake/classify.js";
import { translate } from "../../adapters/snowflake/driver.js";

const failed = (code: string | number, sqlState: string | undefined, message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { code, sqlState, ...more });

const meanings: readonly (readonly [kind: string, outcome: string, error: Error])[] = [
  ["missing-object", "not-applied", failed("002003", "42S02", "Object 'X' does not exist or not authorized.")],
  ["denied", "not-applied", failed("003001", "42501", "Insufficient privileges to operate on table 'X'")],
  ["conflict", "not-applied", failed("000625", "57014", "Statement 'a' has locked table 'T' in transaction 1 …")],
  ["conflict", "not-applied", failed("009999", "57014", "Your statement 'b' was aborted because of a deadlock.")],
  ["bad-data", "not-applied", failed("100090", "42P18", "Duplicate row detected during DML action")],
  ["bad-data", "not-applied", failed("100038", "22018", "Numeric value 'x' is not recognized")],
  ["bad-data", "not-applied", failed("100072", "22000", "NULL result in a non-nullable column")],
  ["cancelled", "not-applied", failed("000604", "57014", "SQL execution canceled")],
  ["cancelled", "not-applied", failed("000630", "57014", "Statement reached its statement or warehouse timeout")],
  ["resources", "not-applied", failed("000606", "57P03", "No active warehouse selected in the current session.")],
  ["syntax", "not-applied", failed("001003", "42000", "syntax error line 1 at position 0 unexpected 'SELEC'.")],
  ["transient", "unknown", failed(401001, undefined, "Network error. Could not reach Snowflake.")],
  ["transient", "unknown", failed(401002, undefined, "Request to Snowflake failed.")],
  ["transient", "not-applied", failed("390114", undefined, "Authentication token has expired.")],
  ["transient", "not-applied", failed(407002, "08003", "Unable to perform operation using terminated connection.")],
  ["denied", "not-applied", failed("390100", undefined, "Incorrect username or password was specified.")],
  ["resources", "not-applied", failed("ENOSPC", undefined, "ENOSPC: no space left on device, write")],
  ["other", "not-applied", failed("", undefined, "of a hook, or of the source")],
  ["other", "unknown", failed("ERR_SOCKET", undefined, "who knows")],
];
for (const [kind, outcome, error] of meanings) {
  it(`takes "${error.message}" for ${kind}, ${outcome}`, () => {
    expect(classify(error)).toMatchObject({ kind, outcome });
    expect(classify(error).hint).toMatch(/\.$/);
  });
}

it("tells how to install the driver", () => {
  const missing = failed("ERR_MODULE_NOT_FOUND", undefined, "Cannot find package 'snowflake-sdk' imported from x");
  expect(classify(missing)).toMatchObject({ kind: "driver-missing", detail: "npm install snowflake-sdk" });
});

it("keeps nothing of a driver's error in which a secret may stand", () => {
  const response = { config: { headers: { Authorization: 'Snowflake Token="sesame"' }, data: "sesame" } };
  const error = failed(401002, undefined, "login of u with sesame failed", { response, cause: { config: response.config } });
  const known = translate(error, (text) => text.replaceAll("sesame", "***"));
  expect(JSON.stringify([known, { ...known }, known.message, known.stack, known.cause, known.fault])).not.toContain("sesame");
});
