-- rollback, one transaction

-- fence -- must change 1 rows
UPDATE db.cutover_ledger.lease_shop_8d9001d3 SET fence = fence WHERE fence = 9 AND owner IS NOT NULL AND expires_at > now();
-- orders.2.1 -- must change 4 rows
DELETE FROM db.main.orders AS l WHERE TRUE AND EXISTS (SELECT 1 FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 AS c WHERE c._cutover_release = 2 AND c._cutover_image = 'after' AND c.id = l.id AND c.id == l.id AND c.customer == l.customer);
-- orders.2 -- must hold
SELECT count(*) AS taken, count(*) = 0 AS ok FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 AS c JOIN db.main.orders AS l ON c.id = l.id AND TRUE WHERE c._cutover_release = 2 AND c._cutover_image = 'before';
-- orders.2.3 -- must change 3 rows
INSERT INTO db.main.orders (id, customer) SELECT id, customer FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 WHERE _cutover_release = 2 AND _cutover_image = 'before';
-- orders.1.scan -- must hold
SELECT rows, sum, rows = 110 AND sum = '23456' AS ok FROM (SELECT count(*) AS rows, CAST(sum(hash(id, customer)) AS string) AS sum FROM db.main.orders) found;
-- orders.1.empty -- must change 110 rows
DELETE FROM db.main.orders WHERE TRUE;
-- record -- must change 1 rows
INSERT INTO db.cutover_ledger.journal (pipeline, release, seq, event, recorded_at, fence, payload) VALUES ('shop', 0, 41, 'rolled-back', now(), 9, '{"from":2,"to":0,"releases":[1,2],"displaced":{}}');
