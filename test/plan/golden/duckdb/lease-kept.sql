-- lease-kept

-- renew -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "expires_at" = ((SELECT uuid_extract_timestamp(uuidv7())) + to_microseconds(300000000)) WHERE "fence" = CAST('9' AS BIGINT) AND "owner" IS NOT NULL;
-- free
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "owner" = NULL, "releases" = "releases" - CAST('1' AS BIGINT) WHERE "fence" = CAST('9' AS BIGINT);
