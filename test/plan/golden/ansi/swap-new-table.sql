-- swap, one transaction

-- fence -- must change 1 rows
UPDATE db.cutover_ledger.lease_shop_8d9001d3 SET fence = fence WHERE fence = 9 AND owner IS NOT NULL AND expires_at > now();
-- orders.validate.self -- must hold
SELECT CAST(c0 AS string) AS c0, coalesce(c0 >= 1, TRUE) AS p0, CAST(c1 AS string) AS c1, coalesce(c1 <= 0, TRUE) AS p1, coalesce(c0 >= 1, TRUE) AND coalesce(c1 <= 0, TRUE) AS ok FROM (SELECT count(*) AS c0, count_if(id IS NULL) AS c1, count(*) AS _cutover_rows FROM db.main._cutover_orders_1c168adb_candidate_7 _cutover_t) observed;
--   where p1 is FALSE, orders.validate.self.samples.1: SELECT id, customer, amount, region FROM db.main._cutover_orders_1c168adb_candidate_7 _cutover_t WHERE id IS NULL LIMIT 5;
-- orders.check.0: JavaScript check
-- orders.scan
SELECT count(*) AS rows, CAST(sum(hash(id, customer, amount, region)) AS string) AS sum FROM db.main._cutover_orders_1c168adb_candidate_7;
-- orders.swap
ALTER TABLE db.main._cutover_orders_1c168adb_candidate_7 RENAME TO db.main.orders;
-- record -- must change 1 rows
INSERT INTO db.cutover_ledger.journal (pipeline, release, seq, event, recorded_at, fence, payload) VALUES ('shop', 7, 41, 'published', now(), 9, '{"strategy":"swap","previous":6,"keep":3,"base":{"live":6,"tables":{},"kept":[],"undone":[],"open":[],"held":null,"pending":null,"sandboxes":[]},"tables":{"[\"main\",\"orders\"]":{"alias":"orders","path":["~here","main","orders"],"hash":"h2","watermark":null,"staged":5,"counts":{"inserted":0,"updated":0,"deleted":0,"unchanged":0,"stale":0,"quarantined":0},"undo":{"kind":"swap","kept":null,"fingerprint":null},"tally":null,"scan":"orders.scan","checks":[{"table":"orders","check":"rowCount","severity":"error","bound":{"min":1},"what":"rows","trust":"scan","id":"1093bce55d8d","op":"orders.validate.self","index":0},{"table":"orders","check":"notNull(id)","severity":"error","bound":{"max":0},"what":"rows with NULL in id","trust":"scan","id":"0984b5b8ce5b","op":"orders.validate.self","index":1},{"table":"orders","check":"maxDrop per partition","severity":"error","bound":null,"what":"maxDrop per partition","trust":"scan","id":"4fa0e11d9ce0","op":null,"index":0},{"table":"orders","check":"reconcile","severity":"error","bound":null,"what":"reconcile","trust":"scan","id":"f6341ebe80f7","op":null,"index":0},{"table":"orders","check":"mine","severity":"error","bound":null,"trust":"scan","id":"b01e8def","what":"mine","op":"orders.check.0","index":0}],"loses":true,"changes":null}},"facts":{"orders.scan":' || '{orders.scan}' || ',"orders.validate.self":' || '{orders.validate.self}' || ',"orders.check.0":' || '{orders.check.0}' || '}}');
