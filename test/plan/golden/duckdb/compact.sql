-- compact, one transaction

-- fence -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "fence" = "fence" WHERE "fence" = CAST('9' AS BIGINT) AND "owner" IS NOT NULL AND "expires_at" > (SELECT uuid_extract_timestamp(uuidv7()));
-- count
SELECT count(*) AS "rows" FROM "db"."cutover_ledger"."journal" WHERE "pipeline" = 'it''s shop' AND "seq" < CAST('44' AS BIGINT) AND NOT ("event" IN ('published') AND "release" IN (CAST('8' AS BIGINT), CAST('9' AS BIGINT))) AND NOT ("event" IN ('key') AND "seq" IN (SELECT max("seq") FROM "db"."cutover_ledger"."journal" WHERE "pipeline" = 'it''s shop' AND "event" IN ('key', 'key-returned') GROUP BY "payload")) AND NOT ("event" IN ('summary') AND "seq" >= CAST('17' AS BIGINT)) AND NOT ("event" IN ('published', 'rolled-back') AND "recorded_at" >= CAST('2023-11-14T22:13:20Z' AS TIMESTAMP WITH TIME ZONE));
-- compact.1
DELETE FROM "db"."cutover_ledger"."journal" WHERE "pipeline" = 'it''s shop' AND "seq" < CAST('44' AS BIGINT) AND NOT ("event" IN ('published') AND "release" IN (CAST('8' AS BIGINT), CAST('9' AS BIGINT))) AND NOT ("event" IN ('key') AND "seq" IN (SELECT max("seq") FROM "db"."cutover_ledger"."journal" WHERE "pipeline" = 'it''s shop' AND "event" IN ('key', 'key-returned') GROUP BY "payload")) AND NOT ("event" IN ('summary') AND "seq" >= CAST('17' AS BIGINT)) AND NOT ("event" IN ('published', 'rolled-back') AND "recorded_at" >= CAST('2023-11-14T22:13:20Z' AS TIMESTAMP WITH TIME ZONE));
-- compact.2
INSERT INTO "db"."cutover_ledger"."journal" ("pipeline", "release", "seq", "event", "recorded_at", "fence", "payload") SELECT 'it''s shop', CAST('6' AS BIGINT), CAST('30' AS BIGINT), 'summary', CAST('2023-07-22T04:26:40Z' AS TIMESTAMP WITH TIME ZONE), CAST('5' AS BIGINT), '{"state":"published"}' UNION ALL SELECT 'it''s shop', CAST('7' AS BIGINT), CAST('32' AS BIGINT), 'summary', CAST('2023-07-22T04:26:40Z' AS TIMESTAMP WITH TIME ZONE), CAST('5' AS BIGINT), '{"state":"published"}';
-- record -- must change 1 rows
INSERT INTO "db"."cutover_ledger"."journal" ("pipeline", "release", "seq", "event", "recorded_at", "fence", "payload") VALUES ('shop', CAST('9' AS BIGINT), CAST('44' AS BIGINT), 'snapshot', (SELECT uuid_extract_timestamp(uuidv7())), CAST('9' AS BIGINT), '{"state":{}}');
