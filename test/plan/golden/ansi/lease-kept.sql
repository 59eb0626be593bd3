-- lease-kept

-- renew -- must change 1 rows
UPDATE db.cutover_ledger.lease_shop_8d9001d3 SET expires_at = now() + 300000 ms WHERE fence = 9 AND owner IS NOT NULL;
-- free
UPDATE db.cutover_ledger.lease_shop_8d9001d3 SET owner = NULL, releases = releases - 1 WHERE fence = 9;
