-- lease, one transaction

-- lease -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "owner" = 'it''s me', "process" = 'process-1', "fence" = "fence" + 1, "left_by" = "owner", "releases" = "releases" + CAST('1' AS BIGINT), "expires_at" = ((SELECT uuid_extract_timestamp(uuidv7())) + to_microseconds(300000000)) WHERE "owner" IS NULL OR "expires_at" <= (SELECT uuid_extract_timestamp(uuidv7())) OR "process" <> 'process-1';
-- state
SELECT "j"."release", "j"."seq", "j"."event", "j"."recorded_at", "j"."fence", "j"."payload", "l"."owner", "l"."process", "l"."fence" AS "lease_fence", "l"."releases", "l"."expires_at", "l"."left_by", "l"."expires_at" <= (SELECT uuid_extract_timestamp(uuidv7())) AS "expired", (SELECT uuid_extract_timestamp(uuidv7())) AS "now" FROM "db"."cutover_ledger"."lease_shop_8d9001d3" AS "l" LEFT JOIN (SELECT "release", "seq", "event", "recorded_at", "fence", "payload" FROM "db"."cutover_ledger"."journal" WHERE "pipeline" = 'shop' AND "seq" >= (SELECT coalesce(max("seq"), 0) FROM "db"."cutover_ledger"."journal" WHERE "pipeline" = 'shop' AND "event" IN ('published', 'snapshot'))) AS "j" ON TRUE ORDER BY "j"."seq", "j"."fence";
-- look
SELECT "owner", "process", "fence", "releases", "expires_at", "left_by", "expires_at" <= (SELECT uuid_extract_timestamp(uuidv7())) AS "expired", (SELECT uuid_extract_timestamp(uuidv7())) AS "now" FROM "db"."cutover_ledger"."lease_shop_8d9001d3";
