-- rollback, one transaction

-- fence -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "fence" = "fence" WHERE "fence" = CAST('9' AS BIGINT) AND "owner" IS NOT NULL AND "expires_at" > (SELECT uuid_extract_timestamp(uuidv7()));
-- orders.6.1 -- must change 4 rows
DELETE FROM "db"."main"."orders" WHERE rowid IN (SELECT rid FROM (SELECT l.rowid AS rid, w.n AS n, row_number() OVER (PARTITION BY w.id) AS k FROM (SELECT min(i.rowid) AS id, count(*) AS n, "i"."id" AS x0, encode(CAST("i"."customer" AS VARCHAR)) AS x1 FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS i WHERE "i"."_cutover_release" = 6 AND "i"."_cutover_image" = 'after' GROUP BY "i"."id", encode(CAST("i"."customer" AS VARCHAR))) AS w JOIN "db"."main"."orders" AS l ON w.x0 IS NOT DISTINCT FROM "l"."id" AND w.x1 IS NOT DISTINCT FROM encode(CAST("l"."customer" AS VARCHAR))) WHERE k <= n);
-- orders.6.2 -- must change 3 rows
INSERT INTO "db"."main"."orders" ("id", "customer") SELECT "id", "customer" FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS i WHERE "i"."_cutover_release" = 6 AND "i"."_cutover_image" = 'before';
-- record -- must change 1 rows
INSERT INTO "db"."cutover_ledger"."journal" ("pipeline", "release", "seq", "event", "recorded_at", "fence", "payload") VALUES ('shop', CAST('5' AS BIGINT), CAST('41' AS BIGINT), 'rolled-back', (SELECT uuid_extract_timestamp(uuidv7())), CAST('9' AS BIGINT), '{"from":6,"to":5,"releases":[6],"displaced":{}}');
