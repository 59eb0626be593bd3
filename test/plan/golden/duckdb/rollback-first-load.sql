-- rollback, one transaction

-- fence -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "fence" = "fence" WHERE "fence" = CAST('9' AS BIGINT) AND "owner" IS NOT NULL AND "expires_at" > (SELECT uuid_extract_timestamp(uuidv7()));
-- orders.2.1 -- must change 4 rows
DELETE FROM "db"."main"."orders" AS l USING (SELECT "id", "customer" FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS i WHERE "i"."_cutover_release" = 2 AND "i"."_cutover_image" = 'after') AS c WHERE "c"."id" = "l"."id" AND CASE WHEN "c"."id" IS NOT DISTINCT FROM "l"."id" AND encode(CAST("c"."customer" AS VARCHAR)) IS NOT DISTINCT FROM encode(CAST("l"."customer" AS VARCHAR)) THEN TRUE ELSE FALSE END;
-- orders.2 -- must hold
SELECT count(*) AS taken, count(*) = 0 AS ok FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS i JOIN "db"."main"."orders" AS l ON "i"."id" = "l"."id" WHERE "i"."_cutover_release" = 2 AND "i"."_cutover_image" = 'before';
-- orders.2.3 -- must change 3 rows
INSERT INTO "db"."main"."orders" ("id", "customer") SELECT "id", "customer" FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS i WHERE "i"."_cutover_release" = 2 AND "i"."_cutover_image" = 'before';
-- orders.1.scan -- must hold
SELECT "rows", "sum", "rows" = CAST('110' AS BIGINT) AND "sum" = '23456' AS "ok" FROM (SELECT count(*) AS "rows", CAST(coalesce(sum(CAST(md5_number(concat("id", '|', strlen(CAST("customer" AS VARCHAR)), '|', CAST("customer" AS VARCHAR), '')) >> 64 AS UBIGINT)), 0::HUGEINT) AS VARCHAR) AS "sum" FROM "db"."main"."orders") found;
-- orders.1.empty -- must change 110 rows
DELETE FROM "db"."main"."orders" WHERE TRUE;
-- record -- must change 1 rows
INSERT INTO "db"."cutover_ledger"."journal" ("pipeline", "release", "seq", "event", "recorded_at", "fence", "payload") VALUES ('shop', CAST('0' AS BIGINT), CAST('41' AS BIGINT), 'rolled-back', (SELECT uuid_extract_timestamp(uuidv7())), CAST('9' AS BIGINT), '{"from":2,"to":0,"releases":[1,2],"displaced":{}}');
