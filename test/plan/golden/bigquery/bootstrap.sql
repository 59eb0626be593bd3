-- bootstrap

CREATE SCHEMA IF NOT EXISTS `db`.`cutover_ledger`;
CREATE TABLE IF NOT EXISTS `db`.`cutover_ledger`.`journal` (`id` INT64 NOT NULL, `customer` STRING);
CREATE TABLE IF NOT EXISTS `db`.`cutover_ledger`.`turn` AS SELECT CAST(1 AS INT64) AS `id`, CAST(CAST(NULL AS STRING) AS STRING) AS `customer`;
DELETE FROM `db`.`cutover_ledger`.`changes_t_e3b98a4d_s` WHERE `_cutover_release` NOT IN (5, 6);
DELETE FROM `db`.`cutover_ledger`.`changes_t_e3b98a4d_s` WHERE TRUE;
DROP TABLE IF EXISTS `db`.`cutover_ledger`.`delta_shop_8d9001d3_t_e3b98a4d_7_0r`;
