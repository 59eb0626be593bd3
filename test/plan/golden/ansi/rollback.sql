-- rollback, one transaction

-- fence -- must change 1 rows
UPDATE db.cutover_ledger.lease_shop_8d9001d3 SET fence = fence WHERE fence = 9 AND owner IS NOT NULL AND expires_at > now();
-- orders.6.1 -- must change 4 rows
DELETE FROM db.main.orders AS l WHERE TRUE AND EXISTS (SELECT 1 FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 AS c WHERE c._cutover_release = 6 AND c._cutover_image = 'after' AND c.id = l.id AND c.id == l.id AND c.customer == l.customer);
-- orders.6 -- must hold
SELECT count(*) AS taken, count(*) = 0 AS ok FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 AS c JOIN db.main.orders AS l ON c.id = l.id AND TRUE WHERE c._cutover_release = 6 AND c._cutover_image = 'before';
-- orders.6.3 -- must change 3 rows
INSERT INTO db.main.orders (id, customer) SELECT id, customer FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 WHERE _cutover_release = 6 AND _cutover_image = 'before';
-- orders.5.1 -- must change 4 rows
DELETE FROM db.main.orders AS l WHERE TRUE AND EXISTS (SELECT 1 FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 AS c WHERE c._cutover_release = 5 AND c._cutover_image = 'after' AND c.id = l.id AND c.id == l.id AND c.customer == l.customer);
-- orders.5 -- must hold
SELECT count(*) AS taken, count(*) = 0 AS ok FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 AS c JOIN db.main.orders AS l ON c.id = l.id AND TRUE WHERE c._cutover_release = 5 AND c._cutover_image = 'before';
-- orders.5.3 -- must change 3 rows
INSERT INTO db.main.orders (id, customer) SELECT id, customer FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 WHERE _cutover_release = 5 AND _cutover_image = 'before';
-- record.1 -- must change 1 rows
INSERT INTO db.cutover_ledger.journal (pipeline, release, seq, event, recorded_at, fence, payload) VALUES ('shop', 6, 41, 'key-returned', now(), 9, 'key-6');
-- record.2 -- must change 1 rows
INSERT INTO db.cutover_ledger.journal (pipeline, release, seq, event, recorded_at, fence, payload) VALUES ('shop', 4, 42, 'rolled-back', now(), 9, '{"from":6,"to":4,"releases":[5,6],"displaced":{}}');
