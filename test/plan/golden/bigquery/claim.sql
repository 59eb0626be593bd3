-- claim, one script

DECLARE outcome, refused_at, o0, o1, o2 STRING;
BEGIN
BEGIN TRANSACTION;
UPDATE `db`.`cutover_ledger`.`turn` AS `c` SET `turn` = `c`.`turn` + 1 WHERE TRUE;
SET o0 = CAST(@@row_count AS STRING);
IF (o0 = '1') IS NOT TRUE THEN SET refused_at = 'claim.1'; RAISE USING MESSAGE = 'cutover: refused'; END IF;
INSERT INTO `db`.`cutover_ledger`.`claims` (`table_name`, `pipeline`, `claimed_at`) SELECT `t`, 'shop', CURRENT_TIMESTAMP() FROM UNNEST(['["main","orders"]', '["main","lines"]']) AS `t` WHERE `t` NOT IN (SELECT `table_name` FROM `db`.`cutover_ledger`.`claims`);
SET o1 = CAST(@@row_count AS STRING);
SET o2 = (SELECT TO_JSON_STRING(ARRAY(SELECT AS STRUCT `q`.`table_name` AS `table_name`, `q`.`pipeline` AS `pipeline` FROM (SELECT `table_name`, `pipeline` FROM `db`.`cutover_ledger`.`claims` WHERE `table_name` IN ('["main","orders"]', '["main","lines"]')
) AS `q`)));
COMMIT TRANSACTION;
SET outcome = 'committed';
EXCEPTION WHEN ERROR THEN
IF refused_at IS NULL THEN RAISE; END IF;
ROLLBACK TRANSACTION;
SET outcome = 'refused';
END;
SELECT outcome, refused_at, [IFNULL(o0, ''), IFNULL(o1, ''), IFNULL(o2, '')] AS results;
