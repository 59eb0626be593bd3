-- publish, one script

DECLARE outcome, refused_at, o0, o1, o2, o3, o4, o5, x3_0 STRING;
BEGIN
BEGIN TRANSACTION;
UPDATE `db`.`cutover_ledger`.`lease_shop_8d9001d3` SET `fence` = `fence` WHERE `fence` = 9 AND `owner` IS NOT NULL AND `expires_at` > CURRENT_TIMESTAMP();
SET o0 = CAST(@@row_count AS STRING);
IF (o0 = '1') IS NOT TRUE THEN SET refused_at = 'fence'; RAISE USING MESSAGE = 'cutover: refused'; END IF;
INSERT INTO `db`.`main`.`orders` (`id`, `customer`, `amount`, `updated_at`) SELECT `d`.`id`, `d`.`customer`, `d`.`amount`, `d`.`updated_at` FROM `db`.`cutover_ledger`.`delta_shop_8d9001d3_main_orders_dcef07c5_7_0r` AS `d`;
SET o1 = CAST(@@row_count AS STRING);
IF (o1 = '5') IS NOT TRUE THEN SET refused_at = 'orders.fill'; RAISE USING MESSAGE = 'cutover: refused'; END IF;
SET o2 = (SELECT TO_JSON_STRING(ARRAY(SELECT AS STRUCT CAST(`q`.`rows` AS STRING) AS `rows`, `q`.`sum` AS `sum` FROM (SELECT COUNT(*) AS `rows`, CAST(IFNULL(SUM(CAST(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(CONCAT(IFNULL(CAST(`t`.`id` AS STRING), ''), '|', IFNULL(CONCAT(CAST(LENGTH(`t`.`customer`) AS STRING), ':', `t`.`customer`), ''), '|', IFNULL(CAST(`t`.`amount` AS STRING), ''), '|', IFNULL(CAST(UNIX_MICROS(`t`.`updated_at`) AS STRING), '')))), 1, 15)) AS INT64) AS BIGNUMERIC)), 0) AS STRING) AS `sum` FROM `db`.`main`.`orders` AS `t`
) AS `q`)));
SET o3 = (SELECT TO_JSON_STRING(ARRAY(SELECT AS STRUCT `q`.`ok` AS `ok`, `q`.`c0` AS `c0`, `q`.`p0` AS `p0`, `q`.`c1` AS `c1`, `q`.`p1` AS `p1` FROM (SELECT CAST(`c0` AS STRING) AS `c0`, coalesce(`c0` >= 1, TRUE) AS `p0`, CAST(`c1` AS STRING) AS `c1`, coalesce(`c1` <= 0, TRUE) AS `p1`, coalesce(`c0` >= 1, TRUE) AND coalesce(`c1` <= 0, TRUE) AS `ok` FROM (SELECT count(*) AS `c0`, (SELECT count(*) FROM (SELECT `_cutover_copy` FROM (SELECT ROW_NUMBER() OVER (PARTITION BY TO_JSON_STRING(`_cutover_t`.`id`)) AS `_cutover_copy` FROM `db`.`main`.`orders` AS `_cutover_t` WHERE `_cutover_t`.`id` IS NOT NULL) AS `_cutover_n` WHERE `_cutover_n`.`_cutover_copy` > 1) offending) AS `c1`, count(*) AS `_cutover_rows` FROM `db`.`main`.`orders` _cutover_t) observed
) AS `q`)));
IF JSON_VALUE(o3, '$[0].p1') = 'false' THEN SET x3_0 = (SELECT TO_JSON_STRING(ARRAY(SELECT AS STRUCT CAST(`q`.`id` AS STRING) AS `id`, `q`.`customer` AS `customer`, CAST(`q`.`amount` AS STRING) AS `amount`, CAST(UNIX_MICROS(`q`.`updated_at`) AS STRING) AS `updated_at` FROM (SELECT * EXCEPT (_cutover_size) FROM (SELECT _cutover_e.*, SUM(LENGTH(TO_JSON_STRING(_cutover_e))) OVER (ORDER BY LENGTH(TO_JSON_STRING(_cutover_e))) AS _cutover_size FROM (SELECT * FROM (SELECT `_cutover_n`.`id`, `_cutover_n`.`customer`, `_cutover_n`.`amount`, `_cutover_n`.`updated_at` FROM (SELECT `_cutover_t`.`id`, `_cutover_t`.`customer`, `_cutover_t`.`amount`, `_cutover_t`.`updated_at`, ROW_NUMBER() OVER (PARTITION BY TO_JSON_STRING(`_cutover_t`.`id`)) AS `_cutover_copy` FROM `db`.`main`.`orders` AS `_cutover_t` WHERE `_cutover_t`.`id` IS NOT NULL) AS `_cutover_n` WHERE `_cutover_n`.`_cutover_copy` > 1) offending LIMIT 5
) AS _cutover_e) WHERE _cutover_size <= 200000
) AS `q`))); END IF;
IF (JSON_VALUE(o3, '$[0].ok') = 'true' AND JSON_QUERY(o3, '$[1]') IS NULL) IS NOT TRUE THEN SET refused_at = 'orders.validate.self'; RAISE USING MESSAGE = 'cutover: refused'; END IF;
INSERT INTO `db`.`cutover_ledger`.`check_results` (`pipeline`, `release`, `recorded_at`, `table_name`, `check_name`, `severity`, `trust`, `bound`, `outcome`, `observed`, `passed`, `message`, `what`, `allowed`) SELECT 'shop', 7, CURRENT_TIMESTAMP(), 'orders', 'rowCount', 'error', 'scan', '{"min":1}', CAST(NULL AS STRING), IFNULL(JSON_VALUE(`f`.`found`, '$[0]."c0"'), JSON_QUERY(`f`.`found`, '$[0]."c0"')), IFNULL(JSON_VALUE(`f`.`found`, '$[0]."p0"'), JSON_QUERY(`f`.`found`, '$[0]."p0"')), IFNULL(JSON_VALUE(`f`.`found`, '$[0]."message"'), JSON_QUERY(`f`.`found`, '$[0]."message"')), 'rows', 'at least 1' FROM (SELECT CAST(IFNULL(o3, '[]') AS STRING) AS `found`) AS `f` UNION ALL SELECT 'shop', 7, CURRENT_TIMESTAMP(), 'orders', 'unique(id)', 'error', 'scan', '{"max":0}', CAST(NULL AS STRING), IFNULL(JSON_VALUE(`f`.`found`, '$[0]."c1"'), JSON_QUERY(`f`.`found`, '$[0]."c1"')), IFNULL(JSON_VALUE(`f`.`found`, '$[0]."p1"'), JSON_QUERY(`f`.`found`, '$[0]."p1"')), IFNULL(JSON_VALUE(`f`.`found`, '$[0]."message"'), JSON_QUERY(`f`.`found`, '$[0]."message"')), 'rows that repeat id', 'at most 0' FROM (SELECT CAST(IFNULL(o3, '[]') AS STRING) AS `found`) AS `f`;
SET o4 = CAST(@@row_count AS STRING);
IF (o4 = '2') IS NOT TRUE THEN SET refused_at = 'checks'; RAISE USING MESSAGE = 'cutover: refused'; END IF;
INSERT INTO `db`.`cutover_ledger`.`journal` (`pipeline`, `release`, `seq`, `event`, `recorded_at`, `fence`, `payload`) SELECT 'shop', 7, 41, 'published', CURRENT_TIMESTAMP(), 9, CONCAT('{"strategy":"in-place","previous":6,"keep":3,"base":{"live":6,"tables":{},"kept":[],"undone":[],"open":[],"held":null,"pending":null,"sandboxes":[]},"tables":{"[\\"main\\",\\"orders\\"]":{"alias":"orders","path":["~here","main","orders"],"hash":"h","watermark":"2024-02-01T00:00:00Z","staged":5,"changes":["~here","cutover_ledger","changes_main_orders_dcef07c5_8caded1f"],"undo":{"kind":"fill"},"tally":null,"scan":"orders.scan","checks":[{"table":"orders","check":"rowCount","severity":"error","bound":{"min":1},"what":"rows","trust":"scan","id":"0ffcd4e36b37","op":"orders.validate.self","index":0},{"table":"orders","check":"unique(id)","severity":"error","bound":{"max":0},"what":"rows that repeat id","trust":"scan","id":"2529e0c73df8","op":"orders.validate.self","index":1}]}},"facts":{"orders.scan":', IFNULL(o2, '[]'), ',"orders.validate.self":', IFNULL(o3, '[]'), '}}');
SET o5 = CAST(@@row_count AS STRING);
IF (o5 = '1') IS NOT TRUE THEN SET refused_at = 'record'; RAISE USING MESSAGE = 'cutover: refused'; END IF;
COMMIT TRANSACTION;
SET outcome = 'committed';
EXCEPTION WHEN ERROR THEN
IF refused_at IS NULL THEN RAISE; END IF;
ROLLBACK TRANSACTION;
SET outcome = 'refused';
END;
SELECT outcome, refused_at, [IFNULL(o0, ''), IFNULL(o1, ''), IFNULL(o2, ''), IFNULL(o3, ''), IFNULL(o4, ''), IFNULL(o5, ''), IFNULL(x3_0, '')] AS results;
