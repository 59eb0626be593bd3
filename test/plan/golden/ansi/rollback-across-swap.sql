-- rollback, one transaction

-- fence -- must change 1 rows
UPDATE db.cutover_ledger.lease_shop_8d9001d3 SET fence = fence WHERE fence = 9 AND owner IS NOT NULL AND expires_at > now();
-- orders.live -- must hold
SELECT rows, sum, rows = 110 AND sum = '23456' AS ok FROM (SELECT count(*) AS rows, CAST(sum(hash(id, customer)) AS string) AS sum FROM db.main.orders) found;
-- orders.4.1 -- must change 4 rows
DELETE FROM db.main._cutover_orders_1c168adb_before_5 AS l WHERE TRUE AND EXISTS (SELECT 1 FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 AS c WHERE c._cutover_release = 4 AND c._cutover_image = 'after' AND c.id = l.id AND c.id == l.id AND c.customer == l.customer);
-- orders.4 -- must hold
SELECT count(*) AS taken, count(*) = 0 AS ok FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 AS c JOIN db.main._cutover_orders_1c168adb_before_5 AS l ON c.id = l.id AND TRUE WHERE c._cutover_release = 4 AND c._cutover_image = 'before';
-- orders.4.3 -- must change 3 rows
INSERT INTO db.main._cutover_orders_1c168adb_before_5 (id, customer) SELECT id, customer FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 WHERE _cutover_release = 4 AND _cutover_image = 'before';
-- orders.3.1 -- must change 4 rows
DELETE FROM db.main._cutover_orders_1c168adb_before_5 AS l WHERE TRUE AND EXISTS (SELECT 1 FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 AS c WHERE c._cutover_release = 3 AND c._cutover_image = 'after' AND c.id = l.id AND c.id == l.id AND c.customer == l.customer);
-- orders.3 -- must hold
SELECT count(*) AS taken, count(*) = 0 AS ok FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 AS c JOIN db.main._cutover_orders_1c168adb_before_5 AS l ON c.id = l.id AND TRUE WHERE c._cutover_release = 3 AND c._cutover_image = 'before';
-- orders.3.3 -- must change 3 rows
INSERT INTO db.main._cutover_orders_1c168adb_before_5 (id, customer) SELECT id, customer FROM db.cutover_ledger.changes_main_orders_dcef07c5_s1 WHERE _cutover_release = 3 AND _cutover_image = 'before';
-- orders.swap.1
ALTER TABLE db.main.orders RENAME TO db.main._cutover_orders_1c168adb_undone_6;
-- orders.swap.2
ALTER TABLE db.main._cutover_orders_1c168adb_before_5 RENAME TO db.main.orders;
-- record -- must change 1 rows
INSERT INTO db.cutover_ledger.journal (pipeline, release, seq, event, recorded_at, fence, payload) VALUES ('shop', 2, 41, 'rolled-back', now(), 9, '{"from":6,"to":2,"releases":[3,4,5,6],"displaced":{"[\"main\",\"orders\"]":{"kept":["~here","main","_cutover_orders_1c168adb_undone_6"],"fingerprint":{"table":["db","main","orders"],"body":"(id int64, customer string)","comment":"what it is for","columnComments":{},"indexes":[{"name":"by_customer","unique":false,"on":" (customer)","comment":null}],"views":[],"foreignKeys":[]}}}}');
