-- adopt, one transaction

-- fence -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "fence" = "fence" WHERE "fence" = CAST('9' AS BIGINT) AND "owner" IS NOT NULL AND "expires_at" > (SELECT uuid_extract_timestamp(uuidv7()));
-- orders.scan
SELECT count(*) AS "rows", CAST(coalesce(sum(CAST(md5_number(concat("id", '|', strlen(CAST("customer" AS VARCHAR)), '|', CAST("customer" AS VARCHAR), '')) >> 64 AS UBIGINT)), 0::HUGEINT) AS VARCHAR) AS "sum" FROM "db"."main"."orders";
-- orders.validate.self -- must hold
SELECT CAST("c0" AS VARCHAR) AS "c0", coalesce("c0" <= CAST('0' AS BIGINT), TRUE) AS "p0", coalesce("c0" <= CAST('0' AS BIGINT), TRUE) AS "ok" FROM (SELECT coalesce(count_if("id" IS NULL), 0) AS "c0", count(*) AS "_cutover_rows" FROM "db"."main"."orders" _cutover_t) observed;
--   where p0 is FALSE, orders.validate.self.samples.0: SELECT "id", "customer" FROM "db"."main"."orders" _cutover_t WHERE "id" IS NULL LIMIT 5;
-- record -- must change 1 rows
INSERT INTO "db"."cutover_ledger"."journal" ("pipeline", "release", "seq", "event", "recorded_at", "fence", "payload") VALUES ('shop', CAST('6' AS BIGINT), CAST('41' AS BIGINT), 'adopted', (SELECT uuid_extract_timestamp(uuidv7())), CAST('9' AS BIGINT), '{"tables":{},"facts":{"orders.scan":' || '{orders.scan}' || '}}');
