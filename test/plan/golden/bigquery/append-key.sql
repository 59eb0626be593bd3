-- publish, one script

DECLARE outcome, refused_at, o0, o1, o2, o3, o4 STRING;
BEGIN
BEGIN TRANSACTION;
UPDATE `db`.`cutover_ledger`.`lease_shop_8d9001d3` SET `fence` = `fence` WHERE `fence` = 9 AND `owner` IS NOT NULL AND `expires_at` > CURRENT_TIMESTAMP();
SET o0 = CAST(@@row_count AS STRING);
IF (o0 = '1') IS NOT TRUE THEN SET refused_at = 'fence'; RAISE USING MESSAGE = 'cutover: refused'; END IF;
INSERT INTO `db`.`cutover_ledger`.`changes_main_events_68327069_fcbbcd91` (`_cutover_release`, `_cutover_image`, `_cutover_op`, `seq`, `what`, `cutover_release`) SELECT 7, 'after' AS `_cutover_image`, 'insert' AS `_cutover_op`, `d`.`seq`, `d`.`what`, CAST(7 AS INT64) FROM `db`.`cutover_ledger`.`delta_shop_8d9001d3_main_events_68327069_7_0r` AS `d` LEFT JOIN `db`.`main`.`events` AS `l` ON `d`.`seq` = `l`.`seq` WHERE `l`.`seq` IS NULL AND NOT (FALSE);
SET o1 = CAST(@@row_count AS STRING);
SET o2 = (SELECT TO_JSON_STRING(ARRAY(SELECT AS STRUCT CAST(`q`.`before_rows` AS STRING) AS `before_rows`, `q`.`before_sum` AS `before_sum`, CAST(`q`.`after_rows` AS STRING) AS `after_rows`, `q`.`after_sum` AS `after_sum`, CAST(`q`.`inserted` AS STRING) AS `inserted`, CAST(`q`.`updated` AS STRING) AS `updated`, CAST(`q`.`deleted` AS STRING) AS `deleted`, CAST(`q`.`changed` AS STRING) AS `changed`, CAST(`q`.`stale` AS STRING) AS `stale`, CAST(`q`.`rows` AS STRING) AS `rows`, `q`.`moved` AS `moved`, `q`.`same` AS `same`, `q`.`ok` AS `ok`, `q`.`before` AS `before` FROM (SELECT `t`.*, CAST(UNIX_MICROS(CURRENT_TIMESTAMP()) AS STRING) AS `before` FROM (SELECT `i`.`before_rows`, `i`.`before_sum`, `i`.`after_rows`, `i`.`after_sum`, `i`.`inserted`, `i`.`updated`, `i`.`deleted`, `i`.`inserted` + `i`.`updated` + `i`.`deleted` AS `changed`, `a`.`stale`, `a`.`rows`, `a`.`moved`, `a`.`rows` = 100 AS `same`, `a`.`rows` = 100 AND `a`.`moved` AS `ok` FROM (SELECT COUNTIF(`_cutover_image` = 'before') AS `before_rows`, CAST(IFNULL(SUM(CAST(CASE WHEN `_cutover_image` = 'before' THEN CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(CONCAT(IFNULL(CAST(`seq` AS STRING), ''), '|', IFNULL(CONCAT(CAST(LENGTH(`what`) AS STRING), ':', `what`), ''), '|', IFNULL(CAST(`cutover_release` AS STRING), '')))), 1, 15)) AS INT64) END AS BIGNUMERIC)), 0) AS STRING) AS `before_sum`, COUNTIF(`_cutover_image` = 'after') AS `after_rows`, CAST(IFNULL(SUM(CAST(CASE WHEN `_cutover_image` = 'after' THEN CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(CONCAT(IFNULL(CAST(`seq` AS STRING), ''), '|', IFNULL(CONCAT(CAST(LENGTH(`what`) AS STRING), ':', `what`), ''), '|', IFNULL(CAST(`cutover_release` AS STRING), '')))), 1, 15)) AS INT64) END AS BIGNUMERIC)), 0) AS STRING) AS `after_sum`, COUNTIF(`_cutover_image` = 'after' AND `_cutover_op` = 'insert') AS `inserted`, COUNTIF(`_cutover_image` = 'after' AND `_cutover_op` = 'update') AS `updated`, COUNTIF(`_cutover_image` = 'before' AND `_cutover_op` = 'delete') AS `deleted` FROM `db`.`cutover_ledger`.`changes_main_events_68327069_fcbbcd91` WHERE `_cutover_release` = 7) AS `i` CROSS JOIN (SELECT 0 AS `stale`, (SELECT count(*) FROM `db`.`main`.`events`) AS `rows`, TRUE AS `moved`) AS `a`) AS `t`
) AS `q`)));
IF (JSON_VALUE(o2, '$[0].ok') = 'true' AND JSON_QUERY(o2, '$[1]') IS NULL) IS NOT TRUE THEN SET refused_at = 'events.tally'; RAISE USING MESSAGE = 'cutover: refused'; END IF;
INSERT INTO `db`.`main`.`events` (`seq`, `what`, `cutover_release`) SELECT `i`.`seq`, `i`.`what`, `i`.`cutover_release` FROM `db`.`cutover_ledger`.`changes_main_events_68327069_fcbbcd91` AS `i` WHERE `i`.`_cutover_release` = 7 AND `i`.`_cutover_image` = 'after';
SET o3 = CAST(@@row_count AS STRING);
IF (o3 = JSON_VALUE(o2, '$[0].after_rows')) IS NOT TRUE THEN SET refused_at = 'events.exchange'; RAISE USING MESSAGE = 'cutover: refused'; END IF;
INSERT INTO `db`.`cutover_ledger`.`journal` (`pipeline`, `release`, `seq`, `event`, `recorded_at`, `fence`, `payload`) SELECT 'shop', 7, 41, 'published', CURRENT_TIMESTAMP(), 9, CONCAT('{"strategy":"in-place","previous":6,"keep":3,"base":{"live":6,"tables":{},"kept":[],"undone":[],"open":[],"held":null,"pending":null,"sandboxes":[]},"tables":{"[\\"main\\",\\"events\\"]":{"alias":"events","path":["~here","main","events"],"hash":"h","watermark":"2024-02-01T00:00:00Z","staged":5,"changes":["~here","cutover_ledger","changes_main_events_68327069_fcbbcd91"],"undo":{"kind":"images","changes":["~here","cutover_ledger","changes_main_events_68327069_fcbbcd91"],"key":["seq"],"before":0,"after":0},"tally":"events.tally","scan":null,"checks":[],"loses":true}},"facts":{"events.tally":', IFNULL(o2, '[]'), '}}');
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
