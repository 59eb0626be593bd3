-- publish, one transaction

-- fence -- must change 1 rows
UPDATE db.cutover_ledger.lease_shop_8d9001d3 SET fence = fence WHERE fence = 9 AND owner IS NOT NULL AND expires_at > now();
-- days.count -- must hold
SELECT count(*) AS rows, count(*) = 100 AS ok FROM db.main.days;
-- days.capture.1 -- must hold
SELECT count(*) AS outside, count(*) = 0 AS ok FROM db.main.days AS l JOIN db.cutover_ledger.delta_shop_8d9001d3_main_days_bdd3123f_7_0r AS d ON d.n = l.n WHERE NOT coalesce(l.day IN (date '2024-01-01', date '2024-01-02'), FALSE);
-- days.capture.2
INSERT INTO db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 (_cutover_release, _cutover_image, _cutover_op, day, n, x) SELECT 7, 'before', 'delete', a.day, a.n, a.x FROM (SELECT l.day, l.n, l.x, row_number() OVER (PARTITION BY l.day, l.n, hash(l.day, l.n, l.x) ORDER BY NULL) AS _cutover_copy FROM db.main.days AS l WHERE l.day IN (date '2024-01-01', date '2024-01-02') AND TRUE) AS a WHERE NOT EXISTS (SELECT 1 FROM (SELECT r.day, r.n, r.x, row_number() OVER (PARTITION BY r.day, r.n, hash(r.day, r.n, r.x) ORDER BY NULL) AS _cutover_copy FROM (SELECT d.day AS day, d.n AS n, d.x AS x FROM db.cutover_ledger.delta_shop_8d9001d3_main_days_bdd3123f_7_0r AS d) AS r) AS b WHERE a._cutover_copy = b._cutover_copy AND a.day == b.day AND a.n == b.n AND a.x == b.x);
-- days.capture.3
INSERT INTO db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 (_cutover_release, _cutover_image, _cutover_op, day, n, x) SELECT 7, 'after', 'insert', a.day, a.n, a.x FROM (SELECT r.day, r.n, r.x, row_number() OVER (PARTITION BY r.day, r.n, hash(r.day, r.n, r.x) ORDER BY NULL) AS _cutover_copy FROM (SELECT d.day AS day, d.n AS n, d.x AS x FROM db.cutover_ledger.delta_shop_8d9001d3_main_days_bdd3123f_7_0r AS d) AS r) AS a WHERE NOT EXISTS (SELECT 1 FROM (SELECT l.day, l.n, l.x, row_number() OVER (PARTITION BY l.day, l.n, hash(l.day, l.n, l.x) ORDER BY NULL) AS _cutover_copy FROM db.main.days AS l WHERE l.day IN (date '2024-01-01', date '2024-01-02') AND TRUE) AS b WHERE a._cutover_copy = b._cutover_copy AND a.day == b.day AND a.n == b.n AND a.x == b.x);
-- days.capture.4
UPDATE db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 AS a SET _cutover_op = 'update' WHERE a._cutover_release = 7 AND a._cutover_image = 'before' AND EXISTS (SELECT 1 FROM db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 AS o WHERE o._cutover_release = 7 AND o._cutover_image = 'after' AND o.n = a.n);
-- days.capture.5
UPDATE db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 AS a SET _cutover_op = 'update' WHERE a._cutover_release = 7 AND a._cutover_image = 'after' AND EXISTS (SELECT 1 FROM db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 AS o WHERE o._cutover_release = 7 AND o._cutover_image = 'before' AND o.n = a.n);
-- days.capture
SELECT 0 AS stale;
-- days.tally
SELECT count_if(_cutover_image = 'before') AS before_rows, CAST(sum(CASE WHEN _cutover_image = 'before' THEN hash(day, n, x) END) AS string) AS before_sum, count_if(_cutover_image = 'after') AS after_rows, CAST(sum(CASE WHEN _cutover_image = 'after' THEN hash(day, n, x) END) AS string) AS after_sum, count_if(_cutover_image = 'after' AND _cutover_op = 'insert') AS inserted, count_if(_cutover_image = 'after' AND _cutover_op = 'update') AS updated, count_if(_cutover_image = 'before' AND _cutover_op = 'delete') AS deleted FROM db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 WHERE _cutover_release = 7;
-- days.exchange.1 -- must change as many rows as days.tally.before_rows
DELETE FROM db.main.days AS l WHERE TRUE AND EXISTS (SELECT 1 FROM db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 AS c WHERE c._cutover_release = 7 AND c._cutover_image = 'before' AND c.n = l.n AND c.day == l.day AND c.n == l.n AND c.x == l.x);
-- days.exchange.2 -- must change as many rows as days.tally.after_rows
INSERT INTO db.main.days (day, n, x) SELECT day, n, x FROM db.cutover_ledger.changes_main_days_bdd3123f_f2eded80 WHERE _cutover_release = 7 AND _cutover_image = 'after';
-- record -- must change 1 rows
INSERT INTO db.cutover_ledger.journal (pipeline, release, seq, event, recorded_at, fence, payload) VALUES ('shop', 7, 41, 'published', now(), 9, '{"strategy":"in-place","previous":6,"keep":3,"base":{"live":6,"tables":{},"kept":[],"undone":[],"open":[],"held":null},"tables":{"[\"main\",\"days\"]":{"alias":"days","path":["~here","main","days"],"hash":"h","watermark":"2024-02-01T00:00:00Z","staged":5,"undo":{"kind":"images","changes":["~here","cutover_ledger","changes_main_days_bdd3123f_f2eded80"],"key":["n"],"before":0,"after":0},"tally":"days.tally","scan":null,"stale":"days.capture","checks":[]}},"facts":{"days.tally":' || '{days.tally}' || ',"days.capture":' || '{days.capture}' || '}}');
