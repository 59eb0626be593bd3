-- load, one transaction

-- fence -- must change 1 rows
UPDATE db.cutover_ledger.lease_shop_8d9001d3 SET fence = fence WHERE fence = 9 AND owner IS NOT NULL AND expires_at > now();
-- orders.capture.1
INSERT INTO db.cutover_ledger.delta_shop_8d9001d3_main_orders_dcef07c5_7_s (_cutover_release, _cutover_image, _cutover_op, id, customer, amount, region) SELECT 7, 'before', CASE WHEN FALSE THEN 'delete' ELSE 'update' END, l.id, l.customer, l.amount, l.region FROM db.cutover_ledger.delta_shop_8d9001d3_main_orders_dcef07c5_7_0r AS d JOIN db.main._cutover_orders_1c168adb_candidate_7 AS l ON d.id = l.id AND TRUE WHERE TRUE AND (FALSE OR NOT (d.id == l.id AND d.customer == l.customer));
-- orders.capture.2
INSERT INTO db.cutover_ledger.delta_shop_8d9001d3_main_orders_dcef07c5_7_s (_cutover_release, _cutover_image, _cutover_op, id, customer, amount, region) SELECT 7, 'after', 'update', d.id, d.customer, l.amount, l.region FROM db.cutover_ledger.delta_shop_8d9001d3_main_orders_dcef07c5_7_0r AS d JOIN db.main._cutover_orders_1c168adb_candidate_7 AS l ON d.id = l.id AND TRUE WHERE TRUE AND (FALSE OR NOT (d.id == l.id AND d.customer == l.customer)) AND NOT FALSE;
-- orders.capture.3
INSERT INTO db.cutover_ledger.delta_shop_8d9001d3_main_orders_dcef07c5_7_s (_cutover_release, _cutover_image, _cutover_op, id, customer, amount, region) SELECT 7, 'after', 'insert', d.id, d.customer, NULL, NULL FROM db.cutover_ledger.delta_shop_8d9001d3_main_orders_dcef07c5_7_0r AS d WHERE NOT FALSE AND NOT EXISTS (SELECT 1 FROM db.main._cutover_orders_1c168adb_candidate_7 AS l WHERE d.id = l.id AND TRUE);
-- orders.capture
SELECT 0 AS stale;
-- orders.tally
SELECT count_if(_cutover_image = 'before') AS before_rows, CAST(sum(CASE WHEN _cutover_image = 'before' THEN hash(id, customer, amount, region) END) AS string) AS before_sum, count_if(_cutover_image = 'after') AS after_rows, CAST(sum(CASE WHEN _cutover_image = 'after' THEN hash(id, customer, amount, region) END) AS string) AS after_sum, count_if(_cutover_image = 'after' AND _cutover_op = 'insert') AS inserted, count_if(_cutover_image = 'after' AND _cutover_op = 'update') AS updated, count_if(_cutover_image = 'before' AND _cutover_op = 'delete') AS deleted FROM db.cutover_ledger.delta_shop_8d9001d3_main_orders_dcef07c5_7_s WHERE _cutover_release = 7;
-- orders.exchange.1 -- must change as many rows as orders.tally.before_rows
DELETE FROM db.main._cutover_orders_1c168adb_candidate_7 AS l WHERE TRUE AND EXISTS (SELECT 1 FROM db.cutover_ledger.delta_shop_8d9001d3_main_orders_dcef07c5_7_s AS c WHERE c._cutover_release = 7 AND c._cutover_image = 'before' AND c.id = l.id AND c.id == l.id AND c.customer == l.customer AND c.amount == l.amount AND c.region == l.region);
-- orders.exchange.2 -- must change as many rows as orders.tally.after_rows
INSERT INTO db.main._cutover_orders_1c168adb_candidate_7 (id, customer, amount, region) SELECT id, customer, amount, region FROM db.cutover_ledger.delta_shop_8d9001d3_main_orders_dcef07c5_7_s WHERE _cutover_release = 7 AND _cutover_image = 'after';
