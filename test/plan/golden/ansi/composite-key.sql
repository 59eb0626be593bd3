-- publish, one transaction

-- fence -- must change 1 rows
UPDATE db.cutover_ledger.lease_shop_8d9001d3 SET fence = fence WHERE fence = 9 AND owner IS NOT NULL AND expires_at > now();
-- lines.count -- must hold
SELECT count(*) AS rows, count(*) = 100 AS ok FROM db.main.lines;
-- lines.capture.1
INSERT INTO db.cutover_ledger.changes_main_lines_a21290cc_25ad37b3 (_cutover_release, _cutover_image, _cutover_op, order_id, line, seq, v) SELECT 7, 'before', CASE WHEN FALSE THEN 'delete' ELSE 'update' END, l.order_id, l.line, l.seq, l.v FROM db.cutover_ledger.delta_shop_8d9001d3_main_lines_a21290cc_7_0r AS d JOIN db.main.lines AS l ON d.order_id = l.order_id AND d.line = l.line AND TRUE WHERE NOT coalesce(d.seq < l.seq, FALSE) AND (FALSE OR NOT (d.order_id == l.order_id AND d.line == l.line AND d.seq == l.seq AND d.v == l.v));
-- lines.capture.2
INSERT INTO db.cutover_ledger.changes_main_lines_a21290cc_25ad37b3 (_cutover_release, _cutover_image, _cutover_op, order_id, line, seq, v) SELECT 7, 'after', 'update', d.order_id, d.line, d.seq, d.v FROM db.cutover_ledger.delta_shop_8d9001d3_main_lines_a21290cc_7_0r AS d JOIN db.main.lines AS l ON d.order_id = l.order_id AND d.line = l.line AND TRUE WHERE NOT coalesce(d.seq < l.seq, FALSE) AND (FALSE OR NOT (d.order_id == l.order_id AND d.line == l.line AND d.seq == l.seq AND d.v == l.v)) AND NOT FALSE;
-- lines.capture.3
INSERT INTO db.cutover_ledger.changes_main_lines_a21290cc_25ad37b3 (_cutover_release, _cutover_image, _cutover_op, order_id, line, seq, v) SELECT 7, 'after', 'insert', d.order_id, d.line, d.seq, d.v FROM db.cutover_ledger.delta_shop_8d9001d3_main_lines_a21290cc_7_0r AS d WHERE NOT FALSE AND NOT EXISTS (SELECT 1 FROM db.main.lines AS l WHERE d.order_id = l.order_id AND d.line = l.line AND TRUE);
-- lines.capture
SELECT count(*) AS stale FROM db.cutover_ledger.delta_shop_8d9001d3_main_lines_a21290cc_7_0r AS d JOIN db.main.lines AS l ON d.order_id = l.order_id AND d.line = l.line AND TRUE WHERE NOT (NOT coalesce(d.seq < l.seq, FALSE));
-- lines.tally
SELECT count_if(_cutover_image = 'before') AS before_rows, CAST(sum(CASE WHEN _cutover_image = 'before' THEN hash(order_id, line, seq, v) END) AS string) AS before_sum, count_if(_cutover_image = 'after') AS after_rows, CAST(sum(CASE WHEN _cutover_image = 'after' THEN hash(order_id, line, seq, v) END) AS string) AS after_sum, count_if(_cutover_image = 'after' AND _cutover_op = 'insert') AS inserted, count_if(_cutover_image = 'after' AND _cutover_op = 'update') AS updated, count_if(_cutover_image = 'before' AND _cutover_op = 'delete') AS deleted FROM db.cutover_ledger.changes_main_lines_a21290cc_25ad37b3 WHERE _cutover_release = 7;
-- lines.exchange.1 -- must change as many rows as lines.tally.before_rows
DELETE FROM db.main.lines AS l WHERE TRUE AND EXISTS (SELECT 1 FROM db.cutover_ledger.changes_main_lines_a21290cc_25ad37b3 AS c WHERE c._cutover_release = 7 AND c._cutover_image = 'before' AND c.order_id = l.order_id AND c.line = l.line AND c.order_id == l.order_id AND c.line == l.line AND c.seq == l.seq AND c.v == l.v);
-- lines.exchange.2 -- must change as many rows as lines.tally.after_rows
INSERT INTO db.main.lines (order_id, line, seq, v) SELECT order_id, line, seq, v FROM db.cutover_ledger.changes_main_lines_a21290cc_25ad37b3 WHERE _cutover_release = 7 AND _cutover_image = 'after';
-- record -- must change 1 rows
INSERT INTO db.cutover_ledger.journal (pipeline, release, seq, event, recorded_at, fence, payload) VALUES ('shop', 7, 41, 'published', now(), 9, '{"strategy":"in-place","previous":6,"keep":3,"base":{"live":6,"tables":{},"kept":[],"undone":[],"open":[],"held":null},"tables":{"[\"main\",\"lines\"]":{"alias":"lines","path":["~here","main","lines"],"hash":"h","watermark":"2024-02-01T00:00:00Z","staged":5,"undo":{"kind":"images","changes":["~here","cutover_ledger","changes_main_lines_a21290cc_25ad37b3"],"key":["order_id","line"],"before":0,"after":0},"tally":"lines.tally","scan":null,"stale":"lines.capture","checks":[]}},"facts":{"lines.tally":' || '{lines.tally}' || ',"lines.capture":' || '{lines.capture}' || '}}');
