-- redo, one transaction

-- fence -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "fence" = "fence" WHERE "fence" = CAST('9' AS BIGINT) AND "owner" IS NOT NULL AND "expires_at" > (SELECT uuid_extract_timestamp(uuidv7()));
-- orders.5.1 -- must change 3 rows
DELETE FROM "db"."main"."orders" AS l USING (SELECT "id", "customer" FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS i WHERE "i"."_cutover_release" = 5 AND "i"."_cutover_image" = 'before') AS c WHERE "c"."id" = "l"."id" AND CASE WHEN "c"."id" IS NOT DISTINCT FROM "l"."id" AND encode(CAST("c"."customer" AS VARCHAR)) IS NOT DISTINCT FROM encode(CAST("l"."customer" AS VARCHAR)) THEN TRUE ELSE FALSE END;
-- orders.5 -- must hold
SELECT count(*) AS taken, count(*) = 0 AS ok FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS i JOIN "db"."main"."orders" AS l ON "i"."id" = "l"."id" WHERE "i"."_cutover_release" = 5 AND "i"."_cutover_image" = 'after';
-- orders.5.3 -- must change 4 rows
INSERT INTO "db"."main"."orders" ("id", "customer") SELECT "id", "customer" FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS i WHERE "i"."_cutover_release" = 5 AND "i"."_cutover_image" = 'after';
-- orders.6.1 -- must change 3 rows
DELETE FROM "db"."main"."orders" AS l USING (SELECT "id", "customer" FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS i WHERE "i"."_cutover_release" = 6 AND "i"."_cutover_image" = 'before') AS c WHERE "c"."id" = "l"."id" AND CASE WHEN "c"."id" IS NOT DISTINCT FROM "l"."id" AND encode(CAST("c"."customer" AS VARCHAR)) IS NOT DISTINCT FROM encode(CAST("l"."customer" AS VARCHAR)) THEN TRUE ELSE FALSE END;
-- orders.6 -- must hold
SELECT count(*) AS taken, count(*) = 0 AS ok FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS i JOIN "db"."main"."orders" AS l ON "i"."id" = "l"."id" WHERE "i"."_cutover_release" = 6 AND "i"."_cutover_image" = 'after';
-- orders.6.3 -- must change 4 rows
INSERT INTO "db"."main"."orders" ("id", "customer") SELECT "id", "customer" FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS i WHERE "i"."_cutover_release" = 6 AND "i"."_cutover_image" = 'after';
-- record.1 -- must change 1 rows
INSERT INTO "db"."cutover_ledger"."journal" ("pipeline", "release", "seq", "event", "recorded_at", "fence", "payload") VALUES ('shop', CAST('6' AS BIGINT), CAST('41' AS BIGINT), 'key', (SELECT uuid_extract_timestamp(uuidv7())), CAST('9' AS BIGINT), 'key-6');
-- record.2 -- must change 1 rows
INSERT INTO "db"."cutover_ledger"."journal" ("pipeline", "release", "seq", "event", "recorded_at", "fence", "payload") VALUES ('shop', CAST('6' AS BIGINT), CAST('42' AS BIGINT), 'redone', (SELECT uuid_extract_timestamp(uuidv7())), CAST('9' AS BIGINT), '{"from":4,"to":6,"releases":[5,6],"displaced":{}}');
