-- bootstrap

-- schema
CREATE SCHEMA IF NOT EXISTS "db"."cutover_ledger";
-- journal
CREATE TABLE IF NOT EXISTS "db"."cutover_ledger"."journal" ("id" NUMBER(19,0) NOT NULL, "customer" VARCHAR);
-- turn
CREATE TRANSIENT TABLE IF NOT EXISTS "db"."cutover_ledger"."turn" ("id" NUMBER(19,0) NOT NULL, "customer" VARCHAR) DATA_RETENTION_TIME_IN_DAYS = 0 AS SELECT CAST(1 AS NUMBER(19,0)) AS "id", CAST(CAST(NULL AS VARCHAR) AS VARCHAR) AS "customer";
-- forget
DELETE FROM "db"."cutover_ledger"."changes_t_e3b98a4d_s" WHERE "_cutover_release" NOT IN (5, 6);
-- forget-all
DELETE FROM "db"."cutover_ledger"."changes_t_e3b98a4d_s" WHERE TRUE;
-- drop
DROP TABLE IF EXISTS "db"."cutover_ledger"."delta_shop_8d9001d3_t_e3b98a4d_7_0r";
