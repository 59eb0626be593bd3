import { describe, expect, test } from "vitest";
import { CutoverError } from "../../src/errors/index.js";
import { scrubbed, scrubber, shownUrl } from "../../src/source/urls.js";

const signed = "https://user:hunter2@host:9/a/b.csv?X-Amz-Signature=SECRET%2FSIG&x=1#part";

describe("a URL as messages show it", () => {
  test.each([
    [signed, "https://…@host:9/a/b.csv?…"],
    ["s3://key@bucket/a.parquet", "s3://…@bucket/a.parquet"],
    ["https://host/a@b.csv", "https://host/a@b.csv"],
    ["https://host/a.csv?TOKEN", "https://host/a.csv?…"],
    ["/data/a.csv?sig=abc", "/data/a.csv?…"],
    ["/data/part-?.csv", "/data/part-?.csv"],
    ["data/day=2001-01-0?/part-*.csv", "data/day=2001-01-0?/part-*.csv"],
    ["C:\\data\\a.csv", "C:\\data\\a.csv"],
    ["me@home.csv", "me@home.csv"],
  ])("%s", (given, shown) => expect(shownUrl(given)).toBe(shown));
});

test("where no URL has a secret, nothing is taken out", () => {
  expect(scrubber(["/data/a.csv", "https://host/a.csv", "part-?.csv"])).toBeNull();
});

test("an error loses the secrets wherever they stand in it, as they are written or decoded, and keeps the rest", () => {
  const hide = scrubber([signed]) ?? String;
  const text = `GET ${signed} failed; signature SECRET/SIG of user:hunter2 (hunter2) at https://other:pass@else/?q=1`;
  const e = new CutoverError(
    "ADAPTER",
    text,
    { adapter: "a", kind: "other", outcome: "unknown", native: text, table: "t" },
    {
      cause: new Error(text),
      retryable: true,
    },
  );
  const told = scrubbed(e, hide) as CutoverError<"ADAPTER">;
  expect(told).toMatchObject({ code: "ADAPTER", retryable: true, context: { adapter: "a", outcome: "unknown", table: "t" } });
  for (const shown of [told.message, told.context.native ?? "", String(told.cause), told.stack ?? ""]) {
    expect(shown).not.toMatch(/SECRET|hunter2|other:pass|q=1/);
    expect(shown).toContain("https://…@host:9/a/b.csv?… failed; signature … of …");
  }
  const plain = new Error("not ours");
  expect(scrubbed(plain, hide)).toBe(plain);
});
