-- lease, one script

DECLARE outcome, refused_at, o0, o1, o2 STRING;
BEGIN
BEGIN TRANSACTION;
UPDATE `db`.`cutover_ledger`.`lease_shop_8d9001d3` SET `owner` = 'it\'s me', `process` = 'process-1', `fence` = `fence` + 1, `left_by` = `owner`, `releases` = `releases` + 1, `expires_at` = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 300000 MILLISECOND) WHERE `owner` IS NULL OR `expires_at` <= CURRENT_TIMESTAMP();
SET o0 = CAST(@@row_count AS STRING);
IF (o0 = '1') IS NOT TRUE THEN SET refused_at = 'lease'; RAISE USING MESSAGE = 'cutover: refused'; END IF;
SET o1 = (SELECT TO_JSON_STRING(ARRAY(SELECT AS STRUCT CAST(`q`.`release` AS STRING) AS `release`, CAST(`q`.`seq` AS STRING) AS `seq`, `q`.`event` AS `event`, CAST(UNIX_MICROS(`q`.`recorded_at`) AS STRING) AS `recorded_at`, CAST(`q`.`fence` AS STRING) AS `fence`, `q`.`payload` AS `payload`, `q`.`owner` AS `owner`, `q`.`process` AS `process`, CAST(`q`.`lease_fence` AS STRING) AS `lease_fence`, CAST(`q`.`releases` AS STRING) AS `releases`, CAST(UNIX_MICROS(`q`.`expires_at`) AS STRING) AS `expires_at`, `q`.`left_by` AS `left_by`, `q`.`expired` AS `expired`, CAST(UNIX_MICROS(`q`.`now`) AS STRING) AS `now` FROM (SELECT `j`.`release`, `j`.`seq`, `j`.`event`, `j`.`recorded_at`, `j`.`fence`, `j`.`payload`, `l`.`owner`, `l`.`process`, `l`.`fence` AS `lease_fence`, `l`.`releases`, `l`.`expires_at`, `l`.`left_by`, `l`.`expires_at` <= CURRENT_TIMESTAMP() AS `expired`, CURRENT_TIMESTAMP() AS `now` FROM `db`.`cutover_ledger`.`lease_shop_8d9001d3` AS `l` LEFT JOIN UNNEST(ARRAY(SELECT AS STRUCT `release`, `seq`, `event`, `recorded_at`, `fence`, `payload` FROM `db`.`cutover_ledger`.`journal` WHERE `pipeline` = 'shop' AND `seq` >= (SELECT IFNULL(MAX(`seq`), 0) FROM `db`.`cutover_ledger`.`journal` WHERE `pipeline` = 'shop' AND `event` IN ('published', 'snapshot')))) AS `j` ORDER BY `j`.`seq`, `j`.`fence`
) AS `q` ORDER BY `q`.`seq`, `q`.`fence`)));
SET o2 = (SELECT TO_JSON_STRING(ARRAY(SELECT AS STRUCT `q`.`owner` AS `owner`, `q`.`process` AS `process`, CAST(`q`.`fence` AS STRING) AS `fence`, CAST(`q`.`releases` AS STRING) AS `releases`, CAST(UNIX_MICROS(`q`.`expires_at`) AS STRING) AS `expires_at`, `q`.`left_by` AS `left_by`, `q`.`expired` AS `expired`, CAST(UNIX_MICROS(`q`.`now`) AS STRING) AS `now` FROM (SELECT `owner`, `process`, `fence`, `releases`, `expires_at`, `left_by`, `expires_at` <= CURRENT_TIMESTAMP() AS `expired`, CURRENT_TIMESTAMP() AS `now` FROM `db`.`cutover_ledger`.`lease_shop_8d9001d3`
) AS `q`)));
COMMIT TRANSACTION;
SET outcome = 'committed';
EXCEPTION WHEN ERROR THEN
IF refused_at IS NULL THEN RAISE; END IF;
ROLLBACK TRANSACTION;
SET outcome = 'refused';
END;
SELECT outcome, refused_at, [IFNULL(o0, ''), IFNULL(o1, ''), IFNULL(o2, '')] AS results;
