-- lease-kept

-- renew -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "expires_at" = DATEADD(MILLISECOND, 300000, CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_LTZ(6))) WHERE "fence" = 9 AND "owner" IS NOT NULL;
-- free
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "owner" = NULL, "releases" = "releases" - 1 WHERE "fence" = 9;
