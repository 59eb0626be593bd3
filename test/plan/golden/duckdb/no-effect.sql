-- publish, one transaction

-- fence -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "fence" = "fence" WHERE "fence" = CAST('9' AS BIGINT) AND "owner" IS NOT NULL AND "expires_at" > (SELECT uuid_extract_timestamp(uuidv7()));
-- orders.count -- must hold
SELECT count(*) AS "rows", count(*) = CAST('100' AS BIGINT) AS "ok" FROM "db"."main"."orders";
-- orders.capture.1
CREATE OR REPLACE TEMP TABLE "temp"."main"."_cutover_match_cdeb9672ad201a42" AS SELECT l.rowid AS rid, FALSE AS gone, FALSE AS stale, NOT (FALSE) AND (FALSE OR NOT ("d"."id" IS NOT DISTINCT FROM "l"."id" AND encode(CAST("d"."customer" AS VARCHAR)) IS NOT DISTINCT FROM encode(CAST("l"."customer" AS VARCHAR)) AND "d"."amount" IS NOT DISTINCT FROM "l"."amount" AND "d"."updated_at" IS NOT DISTINCT FROM "l"."updated_at")) AS goes, "l"."id" AS c0, "l"."customer" AS c1, "l"."amount" AS c2, "l"."updated_at" AS c3 FROM "db"."cutover_ledger"."delta_shop_8d9001d3_main_orders_dcef07c5_7_0r" AS d JOIN "db"."main"."orders" AS l ON "d"."id" = "l"."id";
-- orders.capture.2
INSERT INTO "db"."cutover_ledger"."changes_main_orders_dcef07c5_bd5514ab" ("_cutover_release", "_cutover_image", "_cutover_op", "id", "customer", "amount", "updated_at") SELECT 7, 'before', CASE WHEN gone THEN 'delete' ELSE 'update' END, c0, c1, c2, c3 FROM "temp"."main"."_cutover_match_cdeb9672ad201a42" WHERE goes UNION ALL SELECT 7, 'after', CASE WHEN m.rid IS NULL THEN 'insert' ELSE 'update' END, "d"."id", "d"."customer", "d"."amount", "d"."updated_at" FROM "db"."cutover_ledger"."delta_shop_8d9001d3_main_orders_dcef07c5_7_0r" AS d LEFT JOIN "temp"."main"."_cutover_match_cdeb9672ad201a42" AS m ON m.c0 = "d"."id" WHERE NOT FALSE AND (m.rid IS NULL OR m.goes);
-- orders.capture
SELECT count(*) AS stale FROM "temp"."main"."_cutover_match_cdeb9672ad201a42" WHERE stale;
-- orders.tally
SELECT coalesce(count_if("_cutover_image" = 'before'), 0) AS "before_rows", CAST(coalesce(sum(CASE WHEN "_cutover_image" = 'before' THEN CAST(md5_number(concat("id", '|', "amount", '|', CAST("updated_at" AT TIME ZONE 'UTC' AS VARCHAR), '|', strlen(CAST("customer" AS VARCHAR)), '|', CAST("customer" AS VARCHAR), '')) >> 64 AS UBIGINT) END), 0::HUGEINT) AS VARCHAR) AS "before_sum", coalesce(count_if("_cutover_image" = 'after'), 0) AS "after_rows", CAST(coalesce(sum(CASE WHEN "_cutover_image" = 'after' THEN CAST(md5_number(concat("id", '|', "amount", '|', CAST("updated_at" AT TIME ZONE 'UTC' AS VARCHAR), '|', strlen(CAST("customer" AS VARCHAR)), '|', CAST("customer" AS VARCHAR), '')) >> 64 AS UBIGINT) END), 0::HUGEINT) AS VARCHAR) AS "after_sum", coalesce(count_if("_cutover_image" = 'after' AND "_cutover_op" = 'insert'), 0) AS "inserted", coalesce(count_if("_cutover_image" = 'after' AND "_cutover_op" = 'update'), 0) AS "updated", coalesce(count_if("_cutover_image" = 'before' AND "_cutover_op" = 'delete'), 0) AS "deleted" FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_bd5514ab" WHERE "_cutover_release" = CAST('7' AS BIGINT);
-- effect -- must hold
SELECT EXISTS (SELECT 1 FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_bd5514ab" WHERE "_cutover_release" = CAST('7' AS BIGINT)) AS "ok";
-- orders.exchange.1 -- must change as many rows as orders.tally.before_rows
DELETE FROM "db"."main"."orders" AS l USING (SELECT rid FROM "temp"."main"."_cutover_match_cdeb9672ad201a42" WHERE goes) AS m WHERE l.rowid IS NOT DISTINCT FROM m.rid;
-- orders.exchange.2 -- must change as many rows as orders.tally.after_rows
INSERT INTO "db"."main"."orders" ("id", "customer", "amount", "updated_at") SELECT "id", "customer", "amount", "updated_at" FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_bd5514ab" AS i WHERE "i"."_cutover_release" = 7 AND "i"."_cutover_image" = 'after';
-- orders.exchange.3
DROP TABLE IF EXISTS "temp"."main"."_cutover_match_cdeb9672ad201a42";
-- record -- must change 1 rows
INSERT INTO "db"."cutover_ledger"."journal" ("pipeline", "release", "seq", "event", "recorded_at", "fence", "payload") VALUES ('shop', CAST('7' AS BIGINT), CAST('41' AS BIGINT), 'published', (SELECT uuid_extract_timestamp(uuidv7())), CAST('9' AS BIGINT), '{"strategy":"in-place","previous":6,"keep":3,"base":{"live":6,"tables":{},"kept":[],"undone":[],"open":[],"held":null},"tables":{"[\"main\",\"orders\"]":{"alias":"orders","path":["~here","main","orders"],"hash":"h","watermark":"2024-01-01T00:00:00Z","staged":5,"undo":{"kind":"images","changes":["~here","cutover_ledger","changes_main_orders_dcef07c5_bd5514ab"],"key":["id"],"before":0,"after":0},"tally":"orders.tally","scan":null,"stale":"orders.capture","checks":[]}},"facts":{"orders.tally":' || '{orders.tally}' || ',"orders.capture":' || '{orders.capture}' || '}}');
