-- publish, one transaction

-- fence -- must change 1 rows
UPDATE db.cutover_ledger.lease_shop_8d9001d3 SET fence = fence WHERE fence = 9 AND owner IS NOT NULL AND expires_at > now();
-- orders.count -- must hold
SELECT count(*) AS rows, count(*) = 100 AS ok FROM db.main.orders;
-- orders.capture.1
INSERT INTO db.cutover_ledger.changes_main_orders_dcef07c5_56115522 (_cutover_release, _cutover_image, _cutover_op, id, customer, amount, updated_at) SELECT 7, 'before', CASE WHEN FALSE THEN 'delete' ELSE 'update' END, l.id, l.customer, l.amount, l.updated_at FROM db.cutover_ledger.delta_shop_8d9001d3_main_orders_dcef07c5_7_0r AS d JOIN db.main.orders AS l ON d.id = l.id AND TRUE WHERE TRUE AND (FALSE OR NOT (d.id == l.id AND d.amount == l.amount));
-- orders.capture.2
INSERT INTO db.cutover_ledger.changes_main_orders_dcef07c5_56115522 (_cutover_release, _cutover_image, _cutover_op, id, customer, amount, updated_at) SELECT 7, 'after', 'update', d.id, l.customer, d.amount, l.updated_at FROM db.cutover_ledger.delta_shop_8d9001d3_main_orders_dcef07c5_7_0r AS d JOIN db.main.orders AS l ON d.id = l.id AND TRUE WHERE TRUE AND (FALSE OR NOT (d.id == l.id AND d.amount == l.amount)) AND NOT FALSE;
-- orders.capture.3
INSERT INTO db.cutover_ledger.changes_main_orders_dcef07c5_56115522 (_cutover_release, _cutover_image, _cutover_op, id, customer, amount, updated_at) SELECT 7, 'after', 'insert', d.id, NULL, d.amount, NULL FROM db.cutover_ledger.delta_shop_8d9001d3_main_orders_dcef07c5_7_0r AS d WHERE NOT FALSE AND NOT EXISTS (SELECT 1 FROM db.main.orders AS l WHERE d.id = l.id AND TRUE);
-- orders.capture
SELECT 0 AS stale;
-- orders.tally
SELECT count_if(_cutover_image = 'before') AS before_rows, CAST(sum(CASE WHEN _cutover_image = 'before' THEN hash(id, customer, amount, updated_at) END) AS string) AS before_sum, count_if(_cutover_image = 'after') AS after_rows, CAST(sum(CASE WHEN _cutover_image = 'after' THEN hash(id, customer, amount, updated_at) END) AS string) AS after_sum, count_if(_cutover_image = 'after' AND _cutover_op = 'insert') AS inserted, count_if(_cutover_image = 'after' AND _cutover_op = 'update') AS updated, count_if(_cutover_image = 'before' AND _cutover_op = 'delete') AS deleted FROM db.cutover_ledger.changes_main_orders_dcef07c5_56115522 WHERE _cutover_release = 7;
-- orders.exchange.1 -- must change as many rows as orders.tally.before_rows
DELETE FROM db.main.orders AS l WHERE TRUE AND EXISTS (SELECT 1 FROM db.cutover_ledger.changes_main_orders_dcef07c5_56115522 AS c WHERE c._cutover_release = 7 AND c._cutover_image = 'before' AND c.id = l.id AND c.id == l.id AND c.customer == l.customer AND c.amount == l.amount AND c.updated_at == l.updated_at);
-- orders.exchange.2 -- must change as many rows as orders.tally.after_rows
INSERT INTO db.main.orders (id, customer, amount, updated_at) SELECT id, customer, amount, updated_at FROM db.cutover_ledger.changes_main_orders_dcef07c5_56115522 WHERE _cutover_release = 7 AND _cutover_image = 'after';
-- record -- must change 1 rows
INSERT INTO db.cutover_ledger.journal (pipeline, release, seq, event, recorded_at, fence, payload) VALUES ('shop', 7, 41, 'published', now(), 9, '{"strategy":"in-place","previous":6,"keep":3,"base":{"live":6,"tables":{},"kept":[],"undone":[],"open":[],"held":null},"tables":{"[\"main\",\"orders\"]":{"alias":"orders","path":["~here","main","orders"],"hash":"h","watermark":"2024-02-01T00:00:00Z","staged":5,"undo":{"kind":"images","changes":["~here","cutover_ledger","changes_main_orders_dcef07c5_56115522"],"key":["id"],"before":0,"after":0},"tally":"orders.tally","scan":null,"stale":"orders.capture","checks":[]}},"facts":{"orders.tally":' || '{orders.tally}' || ',"orders.capture":' || '{orders.capture}' || '}}');
