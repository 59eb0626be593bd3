-- mark, statement by statement

-- `db`.`main`.`_cutover_orders_1c168adb_candidate_f9` is marked 9-marker, in its labels;

-- rollback, one transaction

UPDATE `db`.`cutover_ledger`.`lease_shop_8d9001d3` SET `fence` = `fence` WHERE `fence` = 9 AND `owner` IS NOT NULL AND `expires_at` > CURRENT_TIMESTAMP();
SELECT `f`.*, `f`.`rows` = 110 AND `f`.`sum` = '23456' AS `ok` FROM (SELECT COUNT(*) AS `rows`, CAST(IFNULL(SUM(CAST(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(CONCAT(IFNULL(CAST(`t`.`id` AS STRING), ''), '|', IFNULL(CONCAT(CAST(LENGTH(`t`.`customer`) AS STRING), ':', `t`.`customer`), '')))), 1, 15)) AS INT64) AS BIGNUMERIC)), 0) AS STRING) AS `sum` FROM `db`.`main`.`orders` AS `t`) AS `f`;
MERGE INTO `db`.`main`.`_cutover_orders_1c168adb_candidate_f9` AS `l` USING (SELECT `i`.`id`, `i`.`customer` FROM `db`.`cutover_ledger`.`changes_main_orders_dcef07c5_s1` AS `i` WHERE `i`.`_cutover_release` = 5 AND `i`.`_cutover_image` = 'after') AS `c` ON `c`.`id` = `l`.`id` AND `c`.`id` IS NOT DISTINCT FROM `l`.`id` AND `c`.`customer` IS NOT DISTINCT FROM `l`.`customer` AND TRUE WHEN MATCHED THEN DELETE;
SELECT COUNT(*) AS `taken`, COUNT(*) = 0 AS `ok` FROM `db`.`cutover_ledger`.`changes_main_orders_dcef07c5_s1` AS `i` JOIN `db`.`main`.`_cutover_orders_1c168adb_candidate_f9` AS `l` ON `i`.`id` = `l`.`id` AND TRUE WHERE `i`.`_cutover_release` = 5 AND `i`.`_cutover_image` = 'before';
INSERT INTO `db`.`main`.`_cutover_orders_1c168adb_candidate_f9` (`id`, `customer`) SELECT `i`.`id`, `i`.`customer` FROM `db`.`cutover_ledger`.`changes_main_orders_dcef07c5_s1` AS `i` WHERE `i`.`_cutover_release` = 5 AND `i`.`_cutover_image` = 'before';
INSERT INTO `db`.`cutover_ledger`.`journal` (`pipeline`, `release`, `seq`, `event`, `recorded_at`, `fence`, `payload`) SELECT 'shop', 4, 41, 'intent', CURRENT_TIMESTAMP(), 9, '{"events":[{"release":4,"event":"rolled-back","payload":"{\\"from\\":6,\\"to\\":4,\\"releases\\":[5,6],\\"displaced\\":{\\"[\\\\\\"main\\\\\\",\\\\\\"orders\\\\\\"]\\":{\\"kept\\":[\\"~here\\",\\"main\\",\\"_cutover_orders_1c168adb_undone_f9_6\\"],\\"fingerprint\\":{\\"partitioning\\":null,\\"requirePartitionFilter\\":false,\\"clustering\\":[],\\"description\\":\\"what it is for\\",\\"friendlyName\\":null,\\"labels\\":{\\"team\\":\\"sales\\"},\\"expires\\":null,\\"fields\\":[],\\"primaryKey\\":[],\\"foreignKeys\\":[],\\"iam\\":null,\\"fixed\\":[]}}}}"}],"places":[{"alias":"orders","path":["~here","main","orders"],"candidate":["~here","main","_cutover_orders_1c168adb_candidate_f9"],"keepAs":["~here","main","_cutover_orders_1c168adb_undone_f9_6"],"marker":"9-marker","was":{"version":"17","rows":110,"sum":"23456","hash":"h"},"fingerprint":{"partitioning":null,"requirePartitionFilter":false,"clustering":[],"description":"what it is for","friendlyName":null,"labels":{"team":"sales"},"expires":null,"fields":[],"primaryKey":[],"foreignKeys":[],"iam":null,"fixed":[]},"spent":["~here","main","_cutover_orders_1c168adb_before_6"]}]}';

-- swap, statement by statement

-- `db`.`main`.`_cutover_orders_1c168adb_candidate_f9` is marked 9-marker, in its labels;
CREATE TABLE IF NOT EXISTS `db`.`main`.`_cutover_orders_1c168adb_undone_f9_6` CLONE `db`.`main`.`orders`;
-- labels, description, expiration, policy tags, primary key and access of `db`.`main`.`_cutover_orders_1c168adb_undone_f9_6`;
-- copy job, WRITE_TRUNCATE: `db`.`main`.`_cutover_orders_1c168adb_candidate_f9` over `db`.`main`.`orders`;
-- labels, description, expiration, policy tags, primary key and access of `db`.`main`.`orders`, marked 9-marker;
DROP TABLE IF EXISTS `db`.`main`.`_cutover_orders_1c168adb_candidate_f9`;

-- done, one transaction

UPDATE `db`.`cutover_ledger`.`lease_shop_8d9001d3` SET `fence` = `fence` WHERE `fence` = 9 AND `owner` IS NOT NULL AND `expires_at` > CURRENT_TIMESTAMP();
INSERT INTO `db`.`cutover_ledger`.`journal` (`pipeline`, `release`, `seq`, `event`, `recorded_at`, `fence`, `payload`) SELECT 'shop', 4, 41, 'rolled-back', CURRENT_TIMESTAMP(), 9, '{"from":6,"to":4,"releases":[5,6],"displaced":{"[\\"main\\",\\"orders\\"]":{"kept":["~here","main","_cutover_orders_1c168adb_undone_f9_6"],"fingerprint":{"partitioning":null,"requirePartitionFilter":false,"clustering":[],"description":"what it is for","friendlyName":null,"labels":{"team":"sales"},"expires":null,"fields":[],"primaryKey":[],"foreignKeys":[],"iam":null,"fixed":[]}}}}';
