-- publish, one transaction

-- fence -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "fence" = "fence" WHERE "fence" = CAST('9' AS BIGINT) AND "owner" IS NOT NULL AND "expires_at" > (SELECT uuid_extract_timestamp(uuidv7()));
-- days.count -- must hold
SELECT count(*) AS "rows", count(*) = CAST('100' AS BIGINT) AS "ok" FROM "db"."main"."days";
-- days.capture.1 -- must hold
SELECT count(*) AS outside, count(*) = 0 AS ok FROM "db"."cutover_ledger"."delta_shop_8d9001d3_main_days_bdd3123f_7_0r" AS d JOIN "db"."main"."days" AS l ON "d"."n" = "l"."n" WHERE NOT coalesce("l"."day" IN (CAST('2024-01-01' AS DATE), CAST('2024-01-02' AS DATE)), FALSE);
-- days.capture.2
CREATE OR REPLACE TEMP TABLE "temp"."main"."_cutover_keep_964fb19773cb6714" AS SELECT min(rid) AS rid, did FROM (SELECT l.rowid AS rid, d.rowid AS did, "d"."day" IS NOT DISTINCT FROM "l"."day" AND "d"."n" IS NOT DISTINCT FROM "l"."n" AND CAST(CAST(CAST("d"."x" AS DOUBLE) AS BIT) AS BIGINT) IS NOT DISTINCT FROM CAST(CAST(CAST("l"."x" AS DOUBLE) AS BIT) AS BIGINT) AS same FROM "db"."cutover_ledger"."delta_shop_8d9001d3_main_days_bdd3123f_7_0r" AS d JOIN "db"."main"."days" AS l ON "d"."n" = "l"."n" WHERE NOT FALSE AND "l"."day" IN (CAST('2024-01-01' AS DATE), CAST('2024-01-02' AS DATE))) WHERE same GROUP BY did;
-- days.capture.3
CREATE OR REPLACE TEMP TABLE "temp"."main"."_cutover_match_964fb19773cb6714" AS SELECT l.rowid AS rid, TRUE AS goes, "l"."day" AS c0, "l"."n" AS c1, "l"."x" AS c2 FROM "db"."main"."days" AS l WHERE "l"."day" IN (CAST('2024-01-01' AS DATE), CAST('2024-01-02' AS DATE)) AND l.rowid NOT IN (SELECT rid FROM "temp"."main"."_cutover_keep_964fb19773cb6714");
-- days.capture.4
INSERT INTO "db"."cutover_ledger"."changes_main_days_bdd3123f_9491fdf4" ("_cutover_release", "_cutover_image", "_cutover_op", "day", "n", "x") SELECT 7, 'before', CASE WHEN EXISTS (SELECT 1 FROM "db"."cutover_ledger"."delta_shop_8d9001d3_main_days_bdd3123f_7_0r" AS d WHERE NOT FALSE AND d.rowid NOT IN (SELECT did FROM "temp"."main"."_cutover_keep_964fb19773cb6714") AND m.c1 = "d"."n") THEN 'update' ELSE 'delete' END, m.c0, m.c1, m.c2 FROM "temp"."main"."_cutover_match_964fb19773cb6714" AS m UNION ALL SELECT 7, 'after', CASE WHEN EXISTS (SELECT 1 FROM "temp"."main"."_cutover_match_964fb19773cb6714" AS m WHERE m.c1 = "d"."n") THEN 'update' ELSE 'insert' END, "d"."day", "d"."n", "d"."x" FROM "db"."cutover_ledger"."delta_shop_8d9001d3_main_days_bdd3123f_7_0r" AS d WHERE NOT FALSE AND d.rowid NOT IN (SELECT did FROM "temp"."main"."_cutover_keep_964fb19773cb6714");
-- days.capture.5
DROP TABLE "temp"."main"."_cutover_keep_964fb19773cb6714";
-- days.capture
SELECT 0 AS stale;
-- days.tally
SELECT coalesce(count_if("_cutover_image" = 'before'), 0) AS "before_rows", CAST(coalesce(sum(CASE WHEN "_cutover_image" = 'before' THEN CAST(md5_number(concat("day", '|', "n", '|', CAST(CAST(CAST("x" AS DOUBLE) AS BIT) AS BIGINT), '|', '')) >> 64 AS UBIGINT) END), 0::HUGEINT) AS VARCHAR) AS "before_sum", coalesce(count_if("_cutover_image" = 'after'), 0) AS "after_rows", CAST(coalesce(sum(CASE WHEN "_cutover_image" = 'after' THEN CAST(md5_number(concat("day", '|', "n", '|', CAST(CAST(CAST("x" AS DOUBLE) AS BIT) AS BIGINT), '|', '')) >> 64 AS UBIGINT) END), 0::HUGEINT) AS VARCHAR) AS "after_sum", coalesce(count_if("_cutover_image" = 'after' AND "_cutover_op" = 'insert'), 0) AS "inserted", coalesce(count_if("_cutover_image" = 'after' AND "_cutover_op" = 'update'), 0) AS "updated", coalesce(count_if("_cutover_image" = 'before' AND "_cutover_op" = 'delete'), 0) AS "deleted" FROM "db"."cutover_ledger"."changes_main_days_bdd3123f_9491fdf4" WHERE "_cutover_release" = CAST('7' AS BIGINT);
-- days.exchange.1 -- must change as many rows as days.tally.before_rows
DELETE FROM "db"."main"."days" AS l USING (SELECT rid FROM "temp"."main"."_cutover_match_964fb19773cb6714" WHERE goes) AS m WHERE l.rowid IS NOT DISTINCT FROM m.rid;
-- days.exchange.2 -- must change as many rows as days.tally.after_rows
INSERT INTO "db"."main"."days" ("day", "n", "x") SELECT "day", "n", "x" FROM "db"."cutover_ledger"."changes_main_days_bdd3123f_9491fdf4" AS i WHERE "i"."_cutover_release" = 7 AND "i"."_cutover_image" = 'after';
-- days.exchange.3
DROP TABLE IF EXISTS "temp"."main"."_cutover_match_964fb19773cb6714";
-- record -- must change 1 rows
INSERT INTO "db"."cutover_ledger"."journal" ("pipeline", "release", "seq", "event", "recorded_at", "fence", "payload") VALUES ('shop', CAST('7' AS BIGINT), CAST('41' AS BIGINT), 'published', (SELECT uuid_extract_timestamp(uuidv7())), CAST('9' AS BIGINT), '{"strategy":"in-place","previous":6,"keep":3,"base":{"live":6,"tables":{},"kept":[],"undone":[],"open":[],"held":null},"tables":{"[\"main\",\"days\"]":{"alias":"days","path":["~here","main","days"],"hash":"h","watermark":"2024-02-01T00:00:00Z","staged":5,"undo":{"kind":"images","changes":["~here","cutover_ledger","changes_main_days_bdd3123f_9491fdf4"],"key":["n"],"before":0,"after":0},"tally":"days.tally","scan":null,"stale":"days.capture","checks":[]}},"facts":{"days.tally":' || '{days.tally}' || ',"days.capture":' || '{days.capture}' || '}}');
