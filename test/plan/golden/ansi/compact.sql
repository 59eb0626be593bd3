-- compact, one transaction

-- fence -- must change 1 rows
UPDATE db.cutover_ledger.lease_shop_8d9001d3 SET fence = fence WHERE fence = 9 AND owner IS NOT NULL AND expires_at > now();
-- count
SELECT count(*) AS rows FROM db.cutover_ledger.journal WHERE pipeline = 'it''s shop' AND seq < 44 AND NOT (event IN ('published') AND release IN (8, 9)) AND NOT (event IN ('key') AND seq IN (SELECT max(seq) FROM db.cutover_ledger.journal WHERE pipeline = 'it''s shop' AND event IN ('key', 'key-returned') GROUP BY payload)) AND NOT (event IN ('summary') AND seq >= 17) AND NOT (event IN ('published', 'rolled-back') AND recorded_at >= timestamp '2023-11-14T22:13:20Z');
-- compact.1
DELETE FROM db.cutover_ledger.journal WHERE pipeline = 'it''s shop' AND seq < 44 AND NOT (event IN ('published') AND release IN (8, 9)) AND NOT (event IN ('key') AND seq IN (SELECT max(seq) FROM db.cutover_ledger.journal WHERE pipeline = 'it''s shop' AND event IN ('key', 'key-returned') GROUP BY payload)) AND NOT (event IN ('summary') AND seq >= 17) AND NOT (event IN ('published', 'rolled-back') AND recorded_at >= timestamp '2023-11-14T22:13:20Z');
-- compact.2
INSERT INTO db.cutover_ledger.journal (pipeline, release, seq, event, recorded_at, fence, payload) SELECT 'it''s shop', 6, 30, 'summary', timestamp '2023-07-22T04:26:40Z', 5, '{"state":"published"}' UNION ALL SELECT 'it''s shop', 7, 32, 'summary', timestamp '2023-07-22T04:26:40Z', 5, '{"state":"published"}';
-- record -- must change 1 rows
INSERT INTO db.cutover_ledger.journal (pipeline, release, seq, event, recorded_at, fence, payload) VALUES ('shop', 9, 44, 'snapshot', now(), 9, '{"state":{}}');
