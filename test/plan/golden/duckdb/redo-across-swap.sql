-- redo, one transaction

-- fence -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "fence" = "fence" WHERE "fence" = CAST('9' AS BIGINT) AND "owner" IS NOT NULL AND "expires_at" > (SELECT uuid_extract_timestamp(uuidv7()));
-- orders.live -- must hold
SELECT "rows", "sum", "rows" = CAST('100' AS BIGINT) AND "sum" = '12345' AS "ok" FROM (SELECT count(*) AS "rows", CAST(coalesce(sum(CAST(md5_number(concat("id", '|', strlen(CAST("customer" AS VARCHAR)), '|', CAST("customer" AS VARCHAR), '')) >> 64 AS UBIGINT)), 0::HUGEINT) AS VARCHAR) AS "sum" FROM "db"."main"."orders") found;
-- orders.swap.1
DROP INDEX "db"."main"."by_customer";
-- orders.swap.2
ALTER TABLE "db"."main"."orders" RENAME TO "_cutover_orders_1c168adb_before_5";
-- orders.swap.3
ALTER TABLE "db"."main"."_cutover_orders_1c168adb_before_5" RENAME TO "orders";
-- orders.swap.4
CREATE INDEX "by_customer" ON "db"."main"."orders" (customer);
-- orders.3.1 -- must change 3 rows
DELETE FROM "db"."main"."_cutover_orders_1c168adb_before_5" AS l USING (SELECT "id", "customer" FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS i WHERE "i"."_cutover_release" = 3 AND "i"."_cutover_image" = 'before') AS c WHERE "c"."id" = "l"."id" AND CASE WHEN "c"."id" IS NOT DISTINCT FROM "l"."id" AND encode(CAST("c"."customer" AS VARCHAR)) IS NOT DISTINCT FROM encode(CAST("l"."customer" AS VARCHAR)) THEN TRUE ELSE FALSE END;
-- orders.3 -- must hold
SELECT count(*) AS taken, count(*) = 0 AS ok FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS i JOIN "db"."main"."_cutover_orders_1c168adb_before_5" AS l ON "i"."id" = "l"."id" WHERE "i"."_cutover_release" = 3 AND "i"."_cutover_image" = 'after';
-- orders.3.3 -- must change 4 rows
INSERT INTO "db"."main"."_cutover_orders_1c168adb_before_5" ("id", "customer") SELECT "id", "customer" FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS i WHERE "i"."_cutover_release" = 3 AND "i"."_cutover_image" = 'after';
-- orders.4.1 -- must change 3 rows
DELETE FROM "db"."main"."_cutover_orders_1c168adb_before_5" AS l USING (SELECT "id", "customer" FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS i WHERE "i"."_cutover_release" = 4 AND "i"."_cutover_image" = 'before') AS c WHERE "c"."id" = "l"."id" AND CASE WHEN "c"."id" IS NOT DISTINCT FROM "l"."id" AND encode(CAST("c"."customer" AS VARCHAR)) IS NOT DISTINCT FROM encode(CAST("l"."customer" AS VARCHAR)) THEN TRUE ELSE FALSE END;
-- orders.4 -- must hold
SELECT count(*) AS taken, count(*) = 0 AS ok FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS i JOIN "db"."main"."_cutover_orders_1c168adb_before_5" AS l ON "i"."id" = "l"."id" WHERE "i"."_cutover_release" = 4 AND "i"."_cutover_image" = 'after';
-- orders.4.3 -- must change 4 rows
INSERT INTO "db"."main"."_cutover_orders_1c168adb_before_5" ("id", "customer") SELECT "id", "customer" FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS i WHERE "i"."_cutover_release" = 4 AND "i"."_cutover_image" = 'after';
-- record -- must change 1 rows
INSERT INTO "db"."cutover_ledger"."journal" ("pipeline", "release", "seq", "event", "recorded_at", "fence", "payload") VALUES ('shop', CAST('6' AS BIGINT), CAST('41' AS BIGINT), 'redone', (SELECT uuid_extract_timestamp(uuidv7())), CAST('9' AS BIGINT), '{"from":2,"to":6,"releases":[3,4,5,6],"displaced":{"[\"main\",\"orders\"]":{"kept":["~here","main","_cutover_orders_1c168adb_before_5"],"fingerprint":{"table":["db","main","orders"],"body":"(\"id\" BIGINT, \"customer\" VARCHAR)","comment":"what it is for","columnComments":{},"indexes":[{"name":"by_customer","unique":false,"on":" (customer)","comment":null}],"views":[],"foreignKeys":[]}}}}');
