-- load, one transaction

-- fence -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET fence = fence WHERE fence = CAST('9' AS BIGINT) AND owner IS NOT NULL AND expires_at > (SELECT uuid_extract_timestamp(uuidv7()));
-- orders.capture.1
CREATE OR REPLACE TEMP TABLE "temp"."main"."_cutover_match_4f25cd97dfeed815" AS SELECT l.rowid AS rid, FALSE AS gone, FALSE AS stale, NOT (FALSE) AND (FALSE OR NOT ("d"."id" IS NOT DISTINCT FROM "l"."id" AND encode(CAST("d"."customer" AS VARCHAR)) IS NOT DISTINCT FROM encode(CAST("l"."customer" AS VARCHAR)))) AS goes, "l"."id" AS c0, "l"."customer" AS c1, "l"."amount" AS c2, "l"."region" AS c3, "d"."id" AS g0, "d"."customer" AS g1 FROM "db"."cutover_ledger"."delta_shop_8d9001d3_main_orders_dcef07c5_7_0r" AS d JOIN "db"."main"."_cutover_orders_1c168adb_candidate_7" AS l ON "d"."id" = "l"."id";
-- orders.capture.2
INSERT INTO "db"."cutover_ledger"."delta_shop_8d9001d3_main_orders_dcef07c5_7_s" ("_cutover_release", "_cutover_image", "_cutover_op", "id", "customer", "amount", "region") SELECT 7, 'before', CASE WHEN gone THEN 'delete' ELSE 'update' END, c0, c1, c2, c3 FROM "temp"."main"."_cutover_match_4f25cd97dfeed815" WHERE goes UNION ALL SELECT 7, 'after', 'update', g0, g1, c2, c3 FROM "temp"."main"."_cutover_match_4f25cd97dfeed815" WHERE goes AND NOT gone UNION ALL SELECT 7, 'after', 'insert', "d"."id", "d"."customer", NULL, NULL FROM "db"."cutover_ledger"."delta_shop_8d9001d3_main_orders_dcef07c5_7_0r" AS d WHERE NOT FALSE AND NOT EXISTS (SELECT 1 FROM "temp"."main"."_cutover_match_4f25cd97dfeed815" AS m WHERE m.c0 = "d"."id");
-- orders.capture
SELECT count(*) AS stale FROM "temp"."main"."_cutover_match_4f25cd97dfeed815" WHERE stale;
-- orders.tally
SELECT coalesce(count_if("_cutover_image" = 'before'), 0) AS before_rows, CAST(coalesce(sum(CASE WHEN "_cutover_image" = 'before' THEN md5_number_lower(concat("id", '|', "amount", '|', strlen(CAST("customer" AS VARCHAR)), '|', strlen(CAST("region" AS VARCHAR)), '|', CAST("customer" AS VARCHAR), CAST("region" AS VARCHAR), '')) END), 0::HUGEINT) AS VARCHAR) AS before_sum, coalesce(count_if("_cutover_image" = 'after'), 0) AS after_rows, CAST(coalesce(sum(CASE WHEN "_cutover_image" = 'after' THEN md5_number_lower(concat("id", '|', "amount", '|', strlen(CAST("customer" AS VARCHAR)), '|', strlen(CAST("region" AS VARCHAR)), '|', CAST("customer" AS VARCHAR), CAST("region" AS VARCHAR), '')) END), 0::HUGEINT) AS VARCHAR) AS after_sum, coalesce(count_if("_cutover_image" = 'after' AND "_cutover_op" = 'insert'), 0) AS inserted, coalesce(count_if("_cutover_image" = 'after' AND "_cutover_op" = 'update'), 0) AS updated, coalesce(count_if("_cutover_image" = 'before' AND "_cutover_op" = 'delete'), 0) AS deleted FROM "db"."cutover_ledger"."delta_shop_8d9001d3_main_orders_dcef07c5_7_s" WHERE "_cutover_release" = CAST('7' AS BIGINT);
-- orders.exchange.1 -- must change as many rows as orders.tally.before_rows
DELETE FROM "db"."main"."_cutover_orders_1c168adb_candidate_7" WHERE rowid IN (SELECT rid FROM "temp"."main"."_cutover_match_4f25cd97dfeed815" WHERE goes);
-- orders.exchange.2 -- must change as many rows as orders.tally.after_rows
INSERT INTO "db"."main"."_cutover_orders_1c168adb_candidate_7" ("id", "customer", "amount", "region") SELECT "id", "customer", "amount", "region" FROM "db"."cutover_ledger"."delta_shop_8d9001d3_main_orders_dcef07c5_7_s" AS i WHERE "i"."_cutover_release" = 7 AND "i"."_cutover_image" = 'after';
-- orders.exchange.3
DROP TABLE IF EXISTS "temp"."main"."_cutover_match_4f25cd97dfeed815";
