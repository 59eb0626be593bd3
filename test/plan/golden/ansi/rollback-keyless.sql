-- rollback, one transaction

-- fence -- must change 1 rows
UPDATE db.cutover_ledger.lease_shop_8d9001d3 SET fence = fence WHERE fence = 9 AND owner IS NOT NULL AND expires_at > now();
-- orders.6.1
INSERT INTO db.cutover_ledger.changes_main_orders_dcef07c5_s1 (_cutover_release, _cutover_image, _cutover_op, id, customer) SELECT 6, 'stay', 'stay', k.id, k.customer FROM (SELECT l.id, l.customer, row_number() OVER (PARTITION BY l.id, l.customer, hash(l.id, l.customer) ORDER BY hash(l.id, l.customer)) AS _cutover_copy FROM db.main.orders AS l WHERE TRUE AND EXISTS (SELECT 1 FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 AS c WHERE c._cutover_release = 6 AND c._cutover_image = 'after' AND c.id == l.id AND c.customer == l.customer)) AS k WHERE k._cutover_copy > (SELECT count(*) FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 AS c WHERE c._cutover_release = 6 AND c._cutover_image = 'after' AND c.id == k.id AND c.customer == k.customer);
-- orders.6 -- must hold
SELECT (SELECT count(*) FROM db.main.orders AS l WHERE TRUE AND EXISTS (SELECT 1 FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 AS c WHERE c._cutover_release = 6 AND c._cutover_image = 'after' AND c.id == l.id AND c.customer == l.customer)) - (SELECT count(*) FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 WHERE _cutover_release = 6 AND _cutover_image = 'stay') = (SELECT count(*) FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 WHERE _cutover_release = 6 AND _cutover_image = 'after') AS ok;
-- orders.6.3
DELETE FROM db.main.orders AS l WHERE TRUE AND EXISTS (SELECT 1 FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 AS c WHERE c._cutover_release = 6 AND c._cutover_image = 'after' AND c.id == l.id AND c.customer == l.customer);
-- orders.6.4
INSERT INTO db.main.orders (id, customer) SELECT id, customer FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 WHERE _cutover_release = 6 AND _cutover_image = 'stay';
-- orders.6.5
DELETE FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 WHERE _cutover_release = 6 AND _cutover_image = 'stay';
-- orders.6.6 -- must change 3 rows
INSERT INTO db.main.orders (id, customer) SELECT id, customer FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 WHERE _cutover_release = 6 AND _cutover_image = 'before';
-- record -- must change 1 rows
INSERT INTO db.cutover_ledger.journal (pipeline, release, seq, event, recorded_at, fence, payload) VALUES ('shop', 5, 41, 'rolled-back', now(), 9, '{"from":6,"to":5,"releases":[6],"displaced":{}}');
