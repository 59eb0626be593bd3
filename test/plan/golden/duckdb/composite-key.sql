-- publish, one transaction

-- fence -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET fence = fence WHERE fence = CAST('9' AS BIGINT) AND owner IS NOT NULL AND expires_at > (SELECT uuid_extract_timestamp(uuidv7()));
-- lines.count -- must hold
SELECT count(*) AS rows, count(*) = CAST('100' AS BIGINT) AS ok FROM "db"."main"."lines";
-- lines.capture.1
CREATE OR REPLACE TEMP TABLE "temp"."main"."_cutover_match_7a4d008c9be5c1a7" AS SELECT l.rowid AS rid, FALSE AS gone, coalesce("d"."seq" < "l"."seq", FALSE) AS stale, NOT (coalesce("d"."seq" < "l"."seq", FALSE)) AND (FALSE OR NOT ("d"."order_id" IS NOT DISTINCT FROM "l"."order_id" AND encode(CAST("d"."line" AS VARCHAR)) IS NOT DISTINCT FROM encode(CAST("l"."line" AS VARCHAR)) AND "d"."seq" IS NOT DISTINCT FROM "l"."seq" AND encode(CAST("d"."v" AS VARCHAR)) IS NOT DISTINCT FROM encode(CAST("l"."v" AS VARCHAR)))) AS goes, "l"."order_id" AS c0, "l"."line" AS c1, "l"."seq" AS c2, "l"."v" AS c3, "d"."order_id" AS g0, "d"."line" AS g1, "d"."seq" AS g2, "d"."v" AS g3 FROM "db"."cutover_ledger"."delta_shop_8d9001d3_main_lines_a21290cc_7_0r" AS d JOIN "db"."main"."lines" AS l ON "d"."order_id" = "l"."order_id" AND "d"."line" = "l"."line";
-- lines.capture.2
INSERT INTO "db"."cutover_ledger"."changes_main_lines_a21290cc_1c01ce83" ("_cutover_release", "_cutover_image", "_cutover_op", "order_id", "line", "seq", "v") SELECT 7, 'before', CASE WHEN gone THEN 'delete' ELSE 'update' END, c0, c1, c2, c3 FROM "temp"."main"."_cutover_match_7a4d008c9be5c1a7" WHERE goes;
-- lines.capture.3
INSERT INTO "db"."cutover_ledger"."changes_main_lines_a21290cc_1c01ce83" ("_cutover_release", "_cutover_image", "_cutover_op", "order_id", "line", "seq", "v") SELECT 7, 'after', 'update', g0, g1, g2, g3 FROM "temp"."main"."_cutover_match_7a4d008c9be5c1a7" WHERE goes AND NOT gone;
-- lines.capture.4
INSERT INTO "db"."cutover_ledger"."changes_main_lines_a21290cc_1c01ce83" ("_cutover_release", "_cutover_image", "_cutover_op", "order_id", "line", "seq", "v") SELECT 7, 'after', 'insert', "d"."order_id", "d"."line", "d"."seq", "d"."v" FROM "db"."cutover_ledger"."delta_shop_8d9001d3_main_lines_a21290cc_7_0r" AS d WHERE NOT FALSE AND NOT EXISTS (SELECT 1 FROM "temp"."main"."_cutover_match_7a4d008c9be5c1a7" AS m WHERE m.c0 = "d"."order_id" AND m.c1 = "d"."line");
-- lines.capture
SELECT count(*) AS stale FROM "temp"."main"."_cutover_match_7a4d008c9be5c1a7" WHERE stale;
-- lines.tally
SELECT coalesce(count_if("_cutover_image" = 'before'), 0) AS before_rows, CAST(coalesce(sum(CASE WHEN "_cutover_image" = 'before' THEN md5_number_lower(concat("order_id", '|', "seq", '|', strlen(CAST("line" AS VARCHAR)), '|', strlen(CAST("v" AS VARCHAR)), '|', CAST("line" AS VARCHAR), CAST("v" AS VARCHAR), '')) END), 0::HUGEINT) AS VARCHAR) AS before_sum, coalesce(count_if("_cutover_image" = 'after'), 0) AS after_rows, CAST(coalesce(sum(CASE WHEN "_cutover_image" = 'after' THEN md5_number_lower(concat("order_id", '|', "seq", '|', strlen(CAST("line" AS VARCHAR)), '|', strlen(CAST("v" AS VARCHAR)), '|', CAST("line" AS VARCHAR), CAST("v" AS VARCHAR), '')) END), 0::HUGEINT) AS VARCHAR) AS after_sum, coalesce(count_if("_cutover_image" = 'after' AND "_cutover_op" = 'insert'), 0) AS inserted, coalesce(count_if("_cutover_image" = 'after' AND "_cutover_op" = 'update'), 0) AS updated, coalesce(count_if("_cutover_image" = 'before' AND "_cutover_op" = 'delete'), 0) AS deleted FROM "db"."cutover_ledger"."changes_main_lines_a21290cc_1c01ce83" WHERE "_cutover_release" = CAST('7' AS BIGINT);
-- lines.exchange.1 -- must change as many rows as lines.tally.before_rows
DELETE FROM "db"."main"."lines" WHERE rowid IN (SELECT rid FROM "temp"."main"."_cutover_match_7a4d008c9be5c1a7" WHERE goes);
-- lines.exchange.2 -- must change as many rows as lines.tally.after_rows
INSERT INTO "db"."main"."lines" ("order_id", "line", "seq", "v") SELECT "order_id", "line", "seq", "v" FROM "db"."cutover_ledger"."changes_main_lines_a21290cc_1c01ce83" AS i WHERE "i"."_cutover_release" = 7 AND "i"."_cutover_image" = 'after';
-- lines.exchange.3
DROP TABLE IF EXISTS "temp"."main"."_cutover_match_7a4d008c9be5c1a7";
-- record -- must change 1 rows
INSERT INTO "db"."cutover_ledger"."journal" ("pipeline", "release", "seq", "event", "recorded_at", "fence", "payload") VALUES ('shop', CAST('7' AS BIGINT), CAST('41' AS BIGINT), 'published', (SELECT uuid_extract_timestamp(uuidv7())), CAST('9' AS BIGINT), '{"strategy":"in-place","previous":6,"keep":3,"base":{"live":6,"tables":{},"kept":[],"undone":[],"open":[],"held":null},"tables":{"[\"main\",\"lines\"]":{"alias":"lines","path":["~here","main","lines"],"hash":"h","watermark":"2024-02-01T00:00:00Z","staged":5,"undo":{"kind":"images","changes":["~here","cutover_ledger","changes_main_lines_a21290cc_1c01ce83"],"key":["order_id","line"],"before":0,"after":0},"tally":"lines.tally","scan":null,"stale":"lines.capture","checks":[]}},"facts":{"lines.tally":' || '{lines.tally}' || ',"lines.capture":' || '{lines.capture}' || '}}');
