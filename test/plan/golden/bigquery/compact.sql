-- compact, one script

DECLARE outcome, refused_at, o0, o1, o2, o3, o4 STRING;
BEGIN
BEGIN TRANSACTION;
UPDATE `db`.`cutover_ledger`.`lease_shop_8d9001d3` SET `fence` = `fence` WHERE `fence` = 9 AND `owner` IS NOT NULL AND `expires_at` > CURRENT_TIMESTAMP();
SET o0 = CAST(@@row_count AS STRING);
IF (o0 = '1') IS NOT TRUE THEN SET refused_at = 'fence'; RAISE USING MESSAGE = 'cutover: refused'; END IF;
SET o1 = (SELECT TO_JSON_STRING(ARRAY(SELECT AS STRUCT CAST(`q`.`rows` AS STRING) AS `rows` FROM (SELECT count(*) AS `rows` FROM `db`.`cutover_ledger`.`journal` WHERE `pipeline` = 'it\'s shop' AND `seq` < 44 AND NOT (`event` IN ('published') AND `release` IN (8, 9)) AND NOT (`event` IN ('key') AND `seq` IN (SELECT max(`seq`) FROM `db`.`cutover_ledger`.`journal` WHERE `pipeline` = 'it\'s shop' AND `event` IN ('key', 'key-returned') GROUP BY `payload`)) AND NOT (`event` IN ('summary') AND `seq` >= 17) AND NOT (`event` IN ('published', 'rolled-back') AND `recorded_at` >= TIMESTAMP '2023-11-14 22:13:20+00:00')
) AS `q`)));
DELETE FROM `db`.`cutover_ledger`.`journal` WHERE `pipeline` = 'it\'s shop' AND `seq` < 44 AND NOT (`event` IN ('published') AND `release` IN (8, 9)) AND NOT (`event` IN ('key') AND `seq` IN (SELECT max(`seq`) FROM `db`.`cutover_ledger`.`journal` WHERE `pipeline` = 'it\'s shop' AND `event` IN ('key', 'key-returned') GROUP BY `payload`)) AND NOT (`event` IN ('summary') AND `seq` >= 17) AND NOT (`event` IN ('published', 'rolled-back') AND `recorded_at` >= TIMESTAMP '2023-11-14 22:13:20+00:00');
SET o2 = CAST(@@row_count AS STRING);
INSERT INTO `db`.`cutover_ledger`.`journal` (`pipeline`, `release`, `seq`, `event`, `recorded_at`, `fence`, `payload`) SELECT 'it\'s shop', 6, 30, 'summary', TIMESTAMP '2023-07-22 04:26:40+00:00', 5, '{"state":"published"}' UNION ALL SELECT 'it\'s shop', 7, 32, 'summary', TIMESTAMP '2023-07-22 04:26:40+00:00', 5, '{"state":"published"}';
SET o3 = CAST(@@row_count AS STRING);
INSERT INTO `db`.`cutover_ledger`.`journal` (`pipeline`, `release`, `seq`, `event`, `recorded_at`, `fence`, `payload`) SELECT 'shop', 9, 44, 'snapshot', CURRENT_TIMESTAMP(), 9, '{"state":{}}';
SET o4 = CAST(@@row_count AS STRING);
IF (o4 = '1') IS NOT TRUE THEN SET refused_at = 'record'; RAISE USING MESSAGE = 'cutover: refused'; END IF;
COMMIT TRANSACTION;
SET outcome = 'committed';
EXCEPTION WHEN ERROR THEN
IF refused_at IS NULL THEN RAISE; END IF;
ROLLBACK TRANSACTION;
SET outcome = 'refused';
END;
SELECT outcome, refused_at, [IFNULL(o0, ''), IFNULL(o1, ''), IFNULL(o2, ''), IFNULL(o3, ''), IFNULL(o4, '')] AS results;
