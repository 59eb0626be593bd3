-- claim, one transaction

-- claim.1 -- must change 1 rows
UPDATE "db"."cutover_ledger"."turn" SET "turn" = "turn" + 1 WHERE TRUE;
-- claim.2
INSERT INTO "db"."cutover_ledger"."claims" ("table_name", "pipeline", "claimed_at") SELECT '["main","orders"]', 'shop', CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_LTZ(6)) WHERE NOT EXISTS (SELECT 1 FROM "db"."cutover_ledger"."claims" WHERE "table_name" = '["main","orders"]');
-- claim.3
INSERT INTO "db"."cutover_ledger"."claims" ("table_name", "pipeline", "claimed_at") SELECT '["main","lines"]', 'shop', CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_LTZ(6)) WHERE NOT EXISTS (SELECT 1 FROM "db"."cutover_ledger"."claims" WHERE "table_name" = '["main","lines"]');
-- claims
SELECT "table_name", "pipeline" FROM "db"."cutover_ledger"."claims" WHERE "table_name" IN ('["main","orders"]', '["main","lines"]');
