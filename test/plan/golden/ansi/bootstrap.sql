-- bootstrap

-- schema
CREATE SCHEMA IF NOT EXISTS db.cutover_ledger;
-- journal
CREATE TABLE IF NOT EXISTS db.cutover_ledger.journal (id int64 NOT NULL, customer string);
-- turn
CREATE TABLE IF NOT EXISTS db.cutover_ledger.turn AS SELECT CAST(1 AS int64) AS id, CAST(NULL AS string) AS customer;
-- forget
DELETE FROM db.cutover_ledger.changes_t_e3b98a4d_s WHERE _cutover_release NOT IN (5, 6);
-- forget-all
DELETE FROM db.cutover_ledger.changes_t_e3b98a4d_s WHERE TRUE;
-- drop
DROP TABLE IF EXISTS db.cutover_ledger.delta_shop_8d9001d3_t_e3b98a4d_7_0r;
