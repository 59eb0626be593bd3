-- lease, one transaction

-- before
SELECT "owner", "process", "fence", "releases", "expires_at", "expires_at" <= (SELECT uuid_extract_timestamp(uuidv7())) AS "expired", (SELECT uuid_extract_timestamp(uuidv7())) AS "now" FROM "db"."cutover_ledger"."lease_shop_8d9001d3";
-- lease -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "owner" = 'it''s me', "process" = 'process-1', "fence" = "fence" + 1, "releases" = "releases" + CAST('1' AS BIGINT), "expires_at" = ((SELECT uuid_extract_timestamp(uuidv7())) + to_microseconds(300000000)) WHERE "owner" IS NULL OR "expires_at" <= (SELECT uuid_extract_timestamp(uuidv7())) OR "process" <> 'process-1';
-- after
SELECT "owner", "process", "fence", "releases", "expires_at", "expires_at" <= (SELECT uuid_extract_timestamp(uuidv7())) AS "expired", (SELECT uuid_extract_timestamp(uuidv7())) AS "now" FROM "db"."cutover_ledger"."lease_shop_8d9001d3";
-- journal
SELECT "release", "seq", "event", "recorded_at", "fence", "payload" FROM "db"."cutover_ledger"."journal" WHERE "pipeline" = 'shop' AND "seq" >= (SELECT coalesce(max("seq"), 0) FROM "db"."cutover_ledger"."journal" WHERE "pipeline" = 'shop' AND "event" IN ('published')) ORDER BY "seq", "fence";
