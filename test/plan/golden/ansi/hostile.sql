-- publish, one transaction

-- fence -- must change 1 rows
UPDATE db.cutover_ledger.lease_shop_8d9001d3 SET fence = fence WHERE fence = 9 AND owner IS NOT NULL AND expires_at > now();
-- evil.count -- must hold
SELECT count(*) AS rows, count(*) = 100 AS ok FROM db.main."or""ders; --";
-- evil.capture.1
INSERT INTO db.cutover_ledger.changes_main_or_ders_3e3d2d26_c5c48231 (_cutover_release, _cutover_image, _cutover_op, "i""d", "select") SELECT 7, 'before', CASE WHEN FALSE THEN 'delete' ELSE 'update' END, l."i""d", l."select" FROM db.cutover_ledger.delta_shop_8d9001d3_main_or_ders_3e3d2d26_7_0r AS d JOIN db.main."or""ders; --" AS l ON d."i""d" = l."i""d" AND TRUE WHERE TRUE AND (FALSE OR NOT (d."i""d" == l."i""d" AND d."select" == l."select"));
-- evil.capture.2
INSERT INTO db.cutover_ledger.changes_main_or_ders_3e3d2d26_c5c48231 (_cutover_release, _cutover_image, _cutover_op, "i""d", "select") SELECT 7, 'after', 'update', d."i""d", d."select" FROM db.cutover_ledger.delta_shop_8d9001d3_main_or_ders_3e3d2d26_7_0r AS d JOIN db.main."or""ders; --" AS l ON d."i""d" = l."i""d" AND TRUE WHERE TRUE AND (FALSE OR NOT (d."i""d" == l."i""d" AND d."select" == l."select")) AND NOT FALSE;
-- evil.capture.3
INSERT INTO db.cutover_ledger.changes_main_or_ders_3e3d2d26_c5c48231 (_cutover_release, _cutover_image, _cutover_op, "i""d", "select") SELECT 7, 'after', 'insert', d."i""d", d."select" FROM db.cutover_ledger.delta_shop_8d9001d3_main_or_ders_3e3d2d26_7_0r AS d WHERE NOT FALSE AND NOT EXISTS (SELECT 1 FROM db.main."or""ders; --" AS l WHERE d."i""d" = l."i""d" AND TRUE);
-- evil.capture
SELECT 0 AS stale;
-- evil.tally
SELECT count_if(_cutover_image = 'before') AS before_rows, CAST(sum(CASE WHEN _cutover_image = 'before' THEN hash("i""d", "select") END) AS string) AS before_sum, count_if(_cutover_image = 'after') AS after_rows, CAST(sum(CASE WHEN _cutover_image = 'after' THEN hash("i""d", "select") END) AS string) AS after_sum, count_if(_cutover_image = 'after' AND _cutover_op = 'insert') AS inserted, count_if(_cutover_image = 'after' AND _cutover_op = 'update') AS updated, count_if(_cutover_image = 'before' AND _cutover_op = 'delete') AS deleted FROM db.cutover_ledger.changes_main_or_ders_3e3d2d26_c5c48231 WHERE _cutover_release = 7;
-- evil.exchange.1 -- must change as many rows as evil.tally.before_rows
DELETE FROM db.main."or""ders; --" AS l WHERE TRUE AND EXISTS (SELECT 1 FROM db.cutover_ledger.changes_main_or_ders_3e3d2d26_c5c48231 AS c WHERE c._cutover_release = 7 AND c._cutover_image = 'before' AND c."i""d" = l."i""d" AND c."i""d" == l."i""d" AND c."select" == l."select");
-- evil.exchange.2 -- must change as many rows as evil.tally.after_rows
INSERT INTO db.main."or""ders; --" ("i""d", "select") SELECT "i""d", "select" FROM db.cutover_ledger.changes_main_or_ders_3e3d2d26_c5c48231 WHERE _cutover_release = 7 AND _cutover_image = 'after';
-- evil.validate.self -- must hold
SELECT CAST(c0 AS string) AS c0, coalesce(c0 <= 0, TRUE) AS p0, coalesce(c0 <= 0, TRUE) AS ok FROM (SELECT count_if("select" NOT IN ('''; DROP TABLE x; --')) AS c0, count(*) AS _cutover_rows FROM db.main."or""ders; --" t) observed;
--   where p0 is FALSE, evil.validate.self.samples.0: SELECT "i""d", "select" FROM db.main."or""ders; --" t WHERE "select" NOT IN ('''; DROP TABLE x; --') LIMIT 5;
-- record -- must change 1 rows
INSERT INTO db.cutover_ledger.journal (pipeline, release, seq, event, recorded_at, fence, payload) VALUES ('shop', 7, 41, 'published', now(), 9, '{"strategy":"in-place","previous":6,"keep":3,"base":{"live":6,"tables":{},"kept":[],"undone":[],"open":[],"held":null},"tables":{"[\"main\",\"or\\\"ders; --\"]":{"alias":"evil","path":["~here","main","or\"ders; --"],"hash":"h","watermark":"2024-02-01T00:00:00Z","staged":5,"undo":{"kind":"images","changes":["~here","cutover_ledger","changes_main_or_ders_3e3d2d26_c5c48231"],"key":["i\"d"],"before":0,"after":0},"tally":"evil.tally","scan":null,"stale":"evil.capture","checks":[{"table":"evil","check":"accepted(select)","severity":"error","bound":{"max":0,"values":["''; DROP TABLE x; --"]},"what":"rows with another value in select","trust":"scan","id":"52a203136712","op":"evil.validate.self","index":0}]}},"facts":{"evil.tally":' || '{evil.tally}' || ',"evil.capture":' || '{evil.capture}' || ',"evil.validate.self":' || '{evil.validate.self}' || '}}');
