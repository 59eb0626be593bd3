-- lease-kept

UPDATE `db`.`cutover_ledger`.`lease_shop_8d9001d3` SET `expires_at` = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 300000 MILLISECOND) WHERE `fence` = 9 AND `owner` IS NOT NULL;
UPDATE `db`.`cutover_ledger`.`lease_shop_8d9001d3` SET `owner` = NULL, `releases` = `releases` - 1 WHERE `fence` = 9;
