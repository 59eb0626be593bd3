-- adopt, one transaction

-- fence -- must change 1 rows
UPDATE db.cutover_ledger.lease_shop_8d9001d3 SET fence = fence WHERE fence = 9 AND owner IS NOT NULL AND expires_at > now();
-- orders.scan
SELECT count(*) AS rows, CAST(sum(hash(id, customer)) AS string) AS sum FROM db.main.orders;
-- orders.validate.self -- must hold
SELECT CAST(c0 AS string) AS c0, coalesce(c0 <= 0, TRUE) AS p0, coalesce(c0 <= 0, TRUE) AS ok FROM (SELECT count_if(id IS NULL) AS c0, count(*) AS _cutover_rows FROM db.main.orders _cutover_t) observed;
--   where p0 is FALSE, orders.validate.self.samples.0: SELECT id, customer FROM db.main.orders _cutover_t WHERE id IS NULL LIMIT 5;
-- record -- must change 1 rows
INSERT INTO db.cutover_ledger.journal (pipeline, release, seq, event, recorded_at, fence, payload) VALUES ('shop', 6, 41, 'adopted', now(), 9, '{"tables":{},"facts":{"orders.scan":' || '{orders.scan}' || '}}');
