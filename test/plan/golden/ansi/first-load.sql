-- publish, one transaction

-- fence -- must change 1 rows
UPDATE db.cutover_ledger.lease_shop_8d9001d3 SET fence = fence WHERE fence = 9 AND owner IS NOT NULL AND expires_at > now();
-- orders.create
CREATE TABLE db.main.orders (id int64 NOT NULL, customer string, amount decimal(18,2), updated_at timestamp);
-- orders.fill -- must change 5 rows
INSERT INTO db.main.orders (id, customer, amount, updated_at) SELECT d.id, d.customer, d.amount, d.updated_at FROM db.cutover_ledger.delta_shop_8d9001d3_main_orders_dcef07c5_7_0r AS d;
-- orders.scan
SELECT count(*) AS rows, CAST(sum(hash(id, customer, amount, updated_at)) AS string) AS sum FROM db.main.orders;
-- orders.validate.self -- must hold
SELECT CAST(c0 AS string) AS c0, coalesce(c0 >= 1, TRUE) AS p0, CAST(c1 AS string) AS c1, coalesce(c1 <= 0, TRUE) AS p1, coalesce(c0 >= 1, TRUE) AND coalesce(c1 <= 0, TRUE) AS ok FROM (SELECT count(*) AS c0, (SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY id ORDER BY NULL) AS _cutover_copy FROM db.main.orders _cutover_t WHERE id IS NOT NULL) _cutover_copies WHERE _cutover_copy > 1) AS c1, count(*) AS _cutover_rows FROM db.main.orders _cutover_t) observed;
--   where p1 is FALSE, orders.validate.self.samples.1: SELECT id, customer, amount, updated_at FROM (SELECT id, customer, amount, updated_at, row_number() OVER (PARTITION BY id ORDER BY NULL) AS _cutover_copy FROM db.main.orders _cutover_t WHERE id IS NOT NULL) _cutover_copies WHERE _cutover_copy > 1 LIMIT 5;
-- checks -- must change 2 rows
INSERT INTO db.cutover_ledger.check_results (pipeline, release, recorded_at, table_name, check_name, severity, trust, bound, outcome, observed, passed, message, what, allowed) SELECT 'shop', 7, now(), 'orders', 'rowCount', 'error', 'scan', '{"min":1}', NULL, json_text(f.found, '0.c0'), json_text(f.found, '0.p0'), json_text(f.found, '0.message'), 'rows', 'at least 1' FROM (SELECT CAST('{orders.validate.self}' AS string) AS found) AS f UNION ALL SELECT 'shop', 7, now(), 'orders', 'unique(id)', 'error', 'scan', '{"max":0}', NULL, json_text(f.found, '0.c1'), json_text(f.found, '0.p1'), json_text(f.found, '0.message'), 'rows that repeat id', 'at most 0' FROM (SELECT CAST('{orders.validate.self}' AS string) AS found) AS f;
-- record -- must change 1 rows
INSERT INTO db.cutover_ledger.journal (pipeline, release, seq, event, recorded_at, fence, payload) VALUES ('shop', 7, 41, 'published', now(), 9, '{"strategy":"in-place","previous":6,"keep":3,"base":{"live":6,"tables":{},"kept":[],"undone":[],"open":[],"held":null,"pending":null,"sandboxes":[]},"tables":{"[\"main\",\"orders\"]":{"alias":"orders","path":["~here","main","orders"],"hash":"h","watermark":"2024-02-01T00:00:00Z","staged":5,"changes":["~here","cutover_ledger","changes_main_orders_dcef07c5_56115522"],"undo":{"kind":"fill"},"tally":null,"scan":"orders.scan","checks":[{"table":"orders","check":"rowCount","severity":"error","bound":{"min":1},"what":"rows","trust":"scan","id":"d09198554b8a","op":"orders.validate.self","index":0},{"table":"orders","check":"unique(id)","severity":"error","bound":{"max":0},"what":"rows that repeat id","trust":"scan","id":"5cc8b2e67bac","op":"orders.validate.self","index":1}]}},"facts":{"orders.scan":' || '{orders.scan}' || ',"orders.validate.self":' || '{orders.validate.self}' || '}}');
