-- publish, one transaction

-- fence -- must change 1 rows
UPDATE db.cutover_ledger.lease_shop_8d9001d3 SET fence = fence WHERE fence = 9 AND owner IS NOT NULL AND expires_at > now();
-- orders.count -- must hold
SELECT count(*) AS rows, count(*) = 100 AS ok FROM db.main.orders;
-- orders.capture.1
INSERT INTO db.cutover_ledger.changes_main_orders_dcef07c5_56115522 (_cutover_release, _cutover_image, _cutover_op, id, customer, amount, updated_at) SELECT 7, 'before', CASE WHEN FALSE THEN 'delete' ELSE 'update' END, l.id, l.customer, l.amount, l.updated_at FROM db.cutover_ledger.delta_shop_8d9001d3_main_orders_dcef07c5_7_0r AS d JOIN db.main.orders AS l ON d.id = l.id AND TRUE WHERE TRUE AND (FALSE OR NOT (d.id == l.id AND d.customer == l.customer AND d.amount == l.amount AND d.updated_at == l.updated_at));
-- orders.capture.2
INSERT INTO db.cutover_ledger.changes_main_orders_dcef07c5_56115522 (_cutover_release, _cutover_image, _cutover_op, id, customer, amount, updated_at) SELECT 7, 'after', 'update', d.id, d.customer, d.amount, d.updated_at FROM db.cutover_ledger.delta_shop_8d9001d3_main_orders_dcef07c5_7_0r AS d JOIN db.main.orders AS l ON d.id = l.id AND TRUE WHERE TRUE AND (FALSE OR NOT (d.id == l.id AND d.customer == l.customer AND d.amount == l.amount AND d.updated_at == l.updated_at)) AND NOT FALSE;
-- orders.capture.3
INSERT INTO db.cutover_ledger.changes_main_orders_dcef07c5_56115522 (_cutover_release, _cutover_image, _cutover_op, id, customer, amount, updated_at) SELECT 7, 'after', 'insert', d.id, d.customer, d.amount, d.updated_at FROM db.cutover_ledger.delta_shop_8d9001d3_main_orders_dcef07c5_7_0r AS d WHERE NOT FALSE AND NOT EXISTS (SELECT 1 FROM db.main.orders AS l WHERE d.id = l.id AND TRUE);
-- orders.capture
SELECT 0 AS stale;
-- orders.tally
SELECT count_if(_cutover_image = 'before') AS before_rows, CAST(sum(CASE WHEN _cutover_image = 'before' THEN hash(id, customer, amount, updated_at) END) AS string) AS before_sum, count_if(_cutover_image = 'after') AS after_rows, CAST(sum(CASE WHEN _cutover_image = 'after' THEN hash(id, customer, amount, updated_at) END) AS string) AS after_sum, count_if(_cutover_image = 'after' AND _cutover_op = 'insert') AS inserted, count_if(_cutover_image = 'after' AND _cutover_op = 'update') AS updated, count_if(_cutover_image = 'before' AND _cutover_op = 'delete') AS deleted FROM db.cutover_ledger.changes_main_orders_dcef07c5_56115522 WHERE _cutover_release = 7;
-- days.count -- must hold
SELECT count(*) AS rows, count(*) = 100 AS ok FROM db.main.days;
-- days.capture.1
INSERT INTO db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 (_cutover_release, _cutover_image, _cutover_op, day, n, x) SELECT 7, 'before', 'delete', a.day, a.n, a.x FROM (SELECT l.day, l.n, l.x, row_number() OVER (PARTITION BY l.day, l.n, hash(l.day, l.n, l.x) ORDER BY NULL) AS _cutover_copy FROM db.main.days AS l WHERE l.day IN (date '2024-01-01', date '2024-01-02') AND TRUE) AS a WHERE NOT EXISTS (SELECT 1 FROM (SELECT r.day, r.n, r.x, row_number() OVER (PARTITION BY r.day, r.n, hash(r.day, r.n, r.x) ORDER BY NULL) AS _cutover_copy FROM (SELECT d.day AS day, d.n AS n, d.x AS x FROM db.cutover_ledger.delta_shop_8d9001d3_main_days_bdd3123f_7_0r AS d) AS r) AS b WHERE a._cutover_copy = b._cutover_copy AND a.day == b.day AND a.n == b.n AND a.x == b.x);
-- days.capture.2
INSERT INTO db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 (_cutover_release, _cutover_image, _cutover_op, day, n, x) SELECT 7, 'after', 'insert', a.day, a.n, a.x FROM (SELECT r.day, r.n, r.x, row_number() OVER (PARTITION BY r.day, r.n, hash(r.day, r.n, r.x) ORDER BY NULL) AS _cutover_copy FROM (SELECT d.day AS day, d.n AS n, d.x AS x FROM db.cutover_ledger.delta_shop_8d9001d3_main_days_bdd3123f_7_0r AS d) AS r) AS a WHERE NOT EXISTS (SELECT 1 FROM (SELECT l.day, l.n, l.x, row_number() OVER (PARTITION BY l.day, l.n, hash(l.day, l.n, l.x) ORDER BY NULL) AS _cutover_copy FROM db.main.days AS l WHERE l.day IN (date '2024-01-01', date '2024-01-02') AND TRUE) AS b WHERE a._cutover_copy = b._cutover_copy AND a.day == b.day AND a.n == b.n AND a.x == b.x);
-- days.capture
SELECT 0 AS stale;
-- days.tally
SELECT count_if(_cutover_image = 'before') AS before_rows, CAST(sum(CASE WHEN _cutover_image = 'before' THEN hash(day, n, x) END) AS string) AS before_sum, count_if(_cutover_image = 'after') AS after_rows, CAST(sum(CASE WHEN _cutover_image = 'after' THEN hash(day, n, x) END) AS string) AS after_sum, count_if(_cutover_image = 'after' AND _cutover_op = 'insert') AS inserted, count_if(_cutover_image = 'after' AND _cutover_op = 'update') AS updated, count_if(_cutover_image = 'before' AND _cutover_op = 'delete') AS deleted FROM db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 WHERE _cutover_release = 7;
-- orders.exchange.1 -- must change as many rows as orders.tally.before_rows
DELETE FROM db.main.orders AS l WHERE TRUE AND EXISTS (SELECT 1 FROM db.cutover_ledger.changes_main_orders_dcef07c5_56115522 AS c WHERE c._cutover_release = 7 AND c._cutover_image = 'before' AND c.id = l.id AND c.id == l.id AND c.customer == l.customer AND c.amount == l.amount AND c.updated_at == l.updated_at);
-- orders.exchange.2 -- must change as many rows as orders.tally.after_rows
INSERT INTO db.main.orders (id, customer, amount, updated_at) SELECT id, customer, amount, updated_at FROM db.cutover_ledger.changes_main_orders_dcef07c5_56115522 WHERE _cutover_release = 7 AND _cutover_image = 'after';
-- days.exchange.1
INSERT INTO db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 (_cutover_release, _cutover_image, _cutover_op, day, n, x) SELECT 7, 'stay', 'stay', k.day, k.n, k.x FROM (SELECT l.day, l.n, l.x, row_number() OVER (PARTITION BY l.day, l.n, hash(l.day, l.n, l.x) ORDER BY hash(l.day, l.n, l.x)) AS _cutover_copy FROM db.main.days AS l WHERE TRUE AND EXISTS (SELECT 1 FROM db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 AS c WHERE c._cutover_release = 7 AND c._cutover_image = 'before' AND c.day == l.day AND c.n == l.n AND c.x == l.x)) AS k WHERE k._cutover_copy > (SELECT count(*) FROM db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 AS c WHERE c._cutover_release = 7 AND c._cutover_image = 'before' AND c.day == k.day AND c.n == k.n AND c.x == k.x);
-- days.exchange -- must hold
SELECT (SELECT count(*) FROM db.main.days AS l WHERE TRUE AND EXISTS (SELECT 1 FROM db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 AS c WHERE c._cutover_release = 7 AND c._cutover_image = 'before' AND c.day == l.day AND c.n == l.n AND c.x == l.x)) - (SELECT count(*) FROM db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 WHERE _cutover_release = 7 AND _cutover_image = 'stay') = (SELECT count(*) FROM db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 WHERE _cutover_release = 7 AND _cutover_image = 'before') AS ok;
-- days.exchange.3
DELETE FROM db.main.days AS l WHERE TRUE AND EXISTS (SELECT 1 FROM db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 AS c WHERE c._cutover_release = 7 AND c._cutover_image = 'before' AND c.day == l.day AND c.n == l.n AND c.x == l.x);
-- days.exchange.4
INSERT INTO db.main.days (day, n, x) SELECT day, n, x FROM db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 WHERE _cutover_release = 7 AND _cutover_image = 'stay';
-- days.exchange.5
DELETE FROM db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 WHERE _cutover_release = 7 AND _cutover_image = 'stay';
-- days.exchange.6 -- must change as many rows as days.tally.after_rows
INSERT INTO db.main.days (day, n, x) SELECT day, n, x FROM db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 WHERE _cutover_release = 7 AND _cutover_image = 'after';
-- record -- must change 1 rows
INSERT INTO db.cutover_ledger.journal (pipeline, release, seq, event, recorded_at, fence, payload) VALUES ('shop', 7, 41, 'published', now(), 9, '{"strategy":"in-place","previous":6,"keep":3,"base":{"live":6,"tables":{},"kept":[],"undone":[],"open":[],"held":null},"tables":{"[\"main\",\"orders\"]":{"alias":"orders","path":["~here","main","orders"],"hash":"h","watermark":"2024-02-01T00:00:00Z","staged":5,"undo":{"kind":"images","changes":["~here","cutover_ledger","changes_main_orders_dcef07c5_56115522"],"key":["id"],"before":0,"after":0},"tally":"orders.tally","scan":null,"stale":"orders.capture","checks":[]},"[\"main\",\"days\"]":{"alias":"days","path":["~here","main","days"],"hash":"h","watermark":"2024-02-01T00:00:00Z","staged":5,"undo":{"kind":"images","changes":["~here","cutover_ledger","changes_main_days_bdd3123f_f2eded80"],"key":[],"before":0,"after":0},"tally":"days.tally","scan":null,"stale":"days.capture","checks":[]}},"facts":{"orders.tally":' || '{orders.tally}' || ',"orders.capture":' || '{orders.capture}' || ',"days.tally":' || '{days.tally}' || ',"days.capture":' || '{days.capture}' || '}}');
