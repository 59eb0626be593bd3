-- lease, one transaction

-- lease -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "owner" = 'it''s me', "process" = 'process-1', "fence" = "fence" + 1, "left_by" = "owner", "releases" = "releases" + 1, "expires_at" = DATEADD(MILLISECOND, 300000, CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_LTZ(6))) WHERE "owner" IS NULL OR "expires_at" <= CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_LTZ(6));
-- state
SELECT "j"."release", "j"."seq", "j"."event", "j"."recorded_at", "j"."fence", "j"."payload", "l"."owner", "l"."process", "l"."fence" AS "lease_fence", "l"."releases", "l"."expires_at", "l"."left_by", "l"."expires_at" <= CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_LTZ(6)) AS "expired", CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_LTZ(6)) AS "now" FROM "db"."cutover_ledger"."lease_shop_8d9001d3" AS "l" LEFT JOIN (SELECT "release", "seq", "event", "recorded_at", "fence", "payload" FROM "db"."cutover_ledger"."journal" WHERE "pipeline" = 'shop' AND "seq" >= (SELECT coalesce(max("seq"), 0) FROM "db"."cutover_ledger"."journal" WHERE "pipeline" = 'shop' AND "event" IN ('published', 'snapshot'))) AS "j" ON TRUE ORDER BY "j"."seq", "j"."fence";
-- look
SELECT "owner", "process", "fence", "releases", "expires_at", "left_by", "expires_at" <= CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_LTZ(6)) AS "expired", CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_LTZ(6)) AS "now" FROM "db"."cutover_ledger"."lease_shop_8d9001d3";
