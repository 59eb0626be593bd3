-- publish, one transaction

-- fence -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "fence" = "fence" WHERE "fence" = CAST('9' AS BIGINT) AND "owner" IS NOT NULL AND "expires_at" > (SELECT uuid_extract_timestamp(uuidv7()));
-- evil.count -- must hold
SELECT count(*) AS "rows", count(*) = CAST('100' AS BIGINT) AS "ok" FROM "db"."main"."or""ders; --";
-- evil.capture.1
CREATE OR REPLACE TEMP TABLE "temp"."main"."_cutover_match_8c3c480e50a58558" AS SELECT l.rowid AS rid, FALSE AS gone, FALSE AS stale, NOT (FALSE) AND (FALSE OR NOT ("d"."i""d" IS NOT DISTINCT FROM "l"."i""d" AND encode(CAST("d"."select" AS VARCHAR)) IS NOT DISTINCT FROM encode(CAST("l"."select" AS VARCHAR)))) AS goes, "l"."i""d" AS c0, "l"."select" AS c1 FROM "db"."cutover_ledger"."delta_shop_8d9001d3_main_or_ders_3e3d2d26_7_0r" AS d JOIN "db"."main"."or""ders; --" AS l ON "d"."i""d" = "l"."i""d";
-- evil.capture.2
INSERT INTO "db"."cutover_ledger"."changes_main_or_ders_3e3d2d26_199c1dd2" ("_cutover_release", "_cutover_image", "_cutover_op", "i""d", "select") SELECT 7, 'before', CASE WHEN gone THEN 'delete' ELSE 'update' END, c0, c1 FROM "temp"."main"."_cutover_match_8c3c480e50a58558" WHERE goes UNION ALL SELECT 7, 'after', CASE WHEN m.rid IS NULL THEN 'insert' ELSE 'update' END, "d"."i""d", "d"."select" FROM "db"."cutover_ledger"."delta_shop_8d9001d3_main_or_ders_3e3d2d26_7_0r" AS d LEFT JOIN "temp"."main"."_cutover_match_8c3c480e50a58558" AS m ON m.c0 = "d"."i""d" WHERE NOT FALSE AND (m.rid IS NULL OR m.goes);
-- evil.capture
SELECT count(*) AS stale FROM "temp"."main"."_cutover_match_8c3c480e50a58558" WHERE stale;
-- evil.tally
SELECT coalesce(count_if("_cutover_image" = 'before'), 0) AS "before_rows", CAST(coalesce(sum(CASE WHEN "_cutover_image" = 'before' THEN CAST(md5_number(concat("i""d", '|', strlen(CAST("select" AS VARCHAR)), '|', CAST("select" AS VARCHAR), '')) >> 64 AS UBIGINT) END), 0::HUGEINT) AS VARCHAR) AS "before_sum", coalesce(count_if("_cutover_image" = 'after'), 0) AS "after_rows", CAST(coalesce(sum(CASE WHEN "_cutover_image" = 'after' THEN CAST(md5_number(concat("i""d", '|', strlen(CAST("select" AS VARCHAR)), '|', CAST("select" AS VARCHAR), '')) >> 64 AS UBIGINT) END), 0::HUGEINT) AS VARCHAR) AS "after_sum", coalesce(count_if("_cutover_image" = 'after' AND "_cutover_op" = 'insert'), 0) AS "inserted", coalesce(count_if("_cutover_image" = 'after' AND "_cutover_op" = 'update'), 0) AS "updated", coalesce(count_if("_cutover_image" = 'before' AND "_cutover_op" = 'delete'), 0) AS "deleted" FROM "db"."cutover_ledger"."changes_main_or_ders_3e3d2d26_199c1dd2" WHERE "_cutover_release" = CAST('7' AS BIGINT);
-- evil.exchange.1 -- must change as many rows as evil.tally.before_rows
DELETE FROM "db"."main"."or""ders; --" AS l USING (SELECT rid FROM "temp"."main"."_cutover_match_8c3c480e50a58558" WHERE goes) AS m WHERE l.rowid IS NOT DISTINCT FROM m.rid;
-- evil.exchange.2 -- must change as many rows as evil.tally.after_rows
INSERT INTO "db"."main"."or""ders; --" ("i""d", "select") SELECT "i""d", "select" FROM "db"."cutover_ledger"."changes_main_or_ders_3e3d2d26_199c1dd2" AS i WHERE "i"."_cutover_release" = 7 AND "i"."_cutover_image" = 'after';
-- evil.exchange.3
DROP TABLE IF EXISTS "temp"."main"."_cutover_match_8c3c480e50a58558";
-- evil.validate.self -- must hold
SELECT CAST("c0" AS VARCHAR) AS "c0", coalesce("c0" <= CAST('0' AS BIGINT), TRUE) AS "p0", coalesce("c0" <= CAST('0' AS BIGINT), TRUE) AS "ok" FROM (SELECT coalesce(count_if("select" NOT IN ('''; DROP TABLE x; --')), 0) AS "c0", count(*) AS "_cutover_rows" FROM "db"."main"."or""ders; --" t) observed;
--   where p0 is FALSE, evil.validate.self.samples.0: SELECT "i""d", "select" FROM "db"."main"."or""ders; --" t WHERE "select" NOT IN ('''; DROP TABLE x; --') LIMIT 5;
-- record -- must change 1 rows
INSERT INTO "db"."cutover_ledger"."journal" ("pipeline", "release", "seq", "event", "recorded_at", "fence", "payload") VALUES ('shop', CAST('7' AS BIGINT), CAST('41' AS BIGINT), 'published', (SELECT uuid_extract_timestamp(uuidv7())), CAST('9' AS BIGINT), '{"strategy":"in-place","previous":6,"keep":3,"base":{"live":6,"tables":{},"kept":[],"undone":[],"open":[],"held":null},"tables":{"[\"main\",\"or\\\"ders; --\"]":{"alias":"evil","path":["~here","main","or\"ders; --"],"hash":"h","watermark":"2024-02-01T00:00:00Z","staged":5,"undo":{"kind":"images","changes":["~here","cutover_ledger","changes_main_or_ders_3e3d2d26_199c1dd2"],"key":["i\"d"],"before":0,"after":0},"tally":"evil.tally","scan":null,"stale":"evil.capture","checks":[{"table":"evil","check":"accepted(select)","severity":"error","bound":{"max":0,"values":["''; DROP TABLE x; --"]},"what":"rows with another value in select","trust":"scan","id":"5aee585ffadd","op":"evil.validate.self","index":0}]}},"facts":{"evil.tally":' || '{evil.tally}' || ',"evil.capture":' || '{evil.capture}' || ',"evil.validate.self":' || '{evil.validate.self}' || '}}');
