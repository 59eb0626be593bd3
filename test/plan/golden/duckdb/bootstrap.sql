-- bootstrap

-- schema
CREATE SCHEMA IF NOT EXISTS "db"."cutover_ledger";
-- journal
CREATE TABLE IF NOT EXISTS "db"."cutover_ledger"."journal" ("id" BIGINT NOT NULL, "customer" VARCHAR);
-- turn
CREATE TABLE IF NOT EXISTS "db"."cutover_ledger"."turn" AS SELECT CAST(CAST('1' AS BIGINT) AS BIGINT) AS "id", CAST(CAST(NULL AS VARCHAR) AS VARCHAR) AS "customer";
-- forget
DELETE FROM "db"."cutover_ledger"."changes_t_e3b98a4d_s" WHERE "_cutover_release" NOT IN (CAST('5' AS BIGINT), CAST('6' AS BIGINT));
-- forget-all
DELETE FROM "db"."cutover_ledger"."changes_t_e3b98a4d_s" WHERE TRUE;
-- drop
DROP TABLE IF EXISTS "db"."cutover_ledger"."delta_shop_8d9001d3_t_e3b98a4d_7_0r";
