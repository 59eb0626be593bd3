-- adopt, one script

DECLARE outcome, refused_at, o0, o1, o2, o3, x2_0 STRING;
BEGIN
BEGIN TRANSACTION;
UPDATE `db`.`cutover_ledger`.`lease_shop_8d9001d3` SET `fence` = `fence` WHERE `fence` = 9 AND `owner` IS NOT NULL AND `expires_at` > CURRENT_TIMESTAMP();
SET o0 = CAST(@@row_count AS STRING);
IF (o0 = '1') IS NOT TRUE THEN SET refused_at = 'fence'; RAISE USING MESSAGE = 'cutover: refused'; END IF;
SET o1 = (SELECT TO_JSON_STRING(ARRAY(SELECT AS STRUCT CAST(`q`.`rows` AS STRING) AS `rows`, `q`.`sum` AS `sum` FROM (SELECT COUNT(*) AS `rows`, CAST(IFNULL(SUM(CAST(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(CONCAT(IFNULL(CAST(`t`.`id` AS STRING), ''), '|', IFNULL(CONCAT(CAST(LENGTH(`t`.`customer`) AS STRING), ':', `t`.`customer`), '')))), 1, 15)) AS INT64) AS BIGNUMERIC)), 0) AS STRING) AS `sum` FROM `db`.`main`.`orders` AS `t`
) AS `q`)));
SET o2 = (SELECT TO_JSON_STRING(ARRAY(SELECT AS STRUCT `q`.`ok` AS `ok`, `q`.`c0` AS `c0`, `q`.`p0` AS `p0` FROM (SELECT CAST(`c0` AS STRING) AS `c0`, coalesce(`c0` <= 0, TRUE) AS `p0`, coalesce(`c0` <= 0, TRUE) AS `ok` FROM (SELECT COUNTIF(`id` IS NULL) AS `c0`, count(*) AS `_cutover_rows` FROM `db`.`main`.`orders` _cutover_t) observed
) AS `q`)));
IF JSON_VALUE(o2, '$[0].p0') = 'false' THEN SET x2_0 = (SELECT TO_JSON_STRING(ARRAY(SELECT AS STRUCT CAST(`q`.`id` AS STRING) AS `id`, `q`.`customer` AS `customer` FROM (SELECT * EXCEPT (_cutover_size) FROM (SELECT _cutover_e.*, SUM(LENGTH(TO_JSON_STRING(_cutover_e))) OVER (ORDER BY LENGTH(TO_JSON_STRING(_cutover_e))) AS _cutover_size FROM (SELECT `id`, `customer` FROM `db`.`main`.`orders` _cutover_t WHERE `id` IS NULL LIMIT 5
) AS _cutover_e) WHERE _cutover_size <= 200000
) AS `q`))); END IF;
IF (JSON_VALUE(o2, '$[0].ok') = 'true' AND JSON_QUERY(o2, '$[1]') IS NULL) IS NOT TRUE THEN SET refused_at = 'orders.validate.self'; RAISE USING MESSAGE = 'cutover: refused'; END IF;
INSERT INTO `db`.`cutover_ledger`.`journal` (`pipeline`, `release`, `seq`, `event`, `recorded_at`, `fence`, `payload`) SELECT 'shop', 6, 41, 'adopted', CURRENT_TIMESTAMP(), 9, CONCAT('{"tables":{},"facts":{"orders.scan":', IFNULL(o1, '[]'), '}}');
SET o3 = CAST(@@row_count AS STRING);
IF (o3 = '1') IS NOT TRUE THEN SET refused_at = 'record'; RAISE USING MESSAGE = 'cutover: refused'; END IF;
COMMIT TRANSACTION;
SET outcome = 'committed';
EXCEPTION WHEN ERROR THEN
IF refused_at IS NULL THEN RAISE; END IF;
ROLLBACK TRANSACTION;
SET outcome = 'refused';
END;
SELECT outcome, refused_at, [IFNULL(o0, ''), IFNULL(o1, ''), IFNULL(o2, ''), IFNULL(o3, ''), IFNULL(x2_0, '')] AS results;
