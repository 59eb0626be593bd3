-- swap, one transaction

-- fence -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET fence = fence WHERE fence = CAST('9' AS BIGINT) AND owner IS NOT NULL AND expires_at > (SELECT uuid_extract_timestamp(uuidv7()));
-- orders.live -- must hold
SELECT rows, sum, rows = CAST('100' AS BIGINT) AND sum = '12345' AS ok FROM (SELECT count(*) AS rows, CAST(coalesce(sum(md5_number_lower(concat("id", '|', "amount", '|', strlen(CAST("customer" AS VARCHAR)), '|', CAST("customer" AS VARCHAR), ''))), 0::HUGEINT) AS VARCHAR) AS sum FROM "db"."main"."orders") found;
-- orders.validate.self -- must hold
SELECT CAST(c0 AS VARCHAR) AS c0, coalesce(c0 >= CAST('1' AS BIGINT), TRUE) AS p0, CAST(c1 AS VARCHAR) AS c1, coalesce(c1 <= CAST('0' AS BIGINT), TRUE) AS p1, CAST(c2 AS VARCHAR) AS c2, coalesce(c2 <= CAST('0.1' AS DOUBLE), TRUE) AS p2, coalesce(c0 >= CAST('1' AS BIGINT), TRUE) AND coalesce(c1 <= CAST('0' AS BIGINT), TRUE) AND coalesce(c2 <= CAST('0.1' AS DOUBLE), TRUE) AS ok FROM (SELECT count(*) AS c0, count_if("id" IS NULL) AS c1, (SELECT max(_cutover_change) FROM (SELECT "customer", before_rows, now_rows, 1.0 * (before_rows - now_rows) / before_rows AS _cutover_change FROM (SELECT "customer", sum(now_rows) AS now_rows, sum(before_rows) AS before_rows FROM (SELECT "customer", n AS now_rows, 0 AS before_rows FROM (SELECT "customer", count(*) AS n FROM "db"."main"."_cutover_orders_1c168adb_candidate_7" t GROUP BY "customer") a UNION ALL SELECT "customer", 0, n FROM (SELECT "customer", count(*) AS n FROM "db"."main"."orders" GROUP BY "customer") b) both_sides GROUP BY "customer") grouped WHERE before_rows > 0) changed) AS c2, count(*) AS _cutover_rows FROM "db"."main"."_cutover_orders_1c168adb_candidate_7" t) observed;
--   where p1 is FALSE, orders.validate.self.samples.1: SELECT "id", "customer", "amount", "region" FROM "db"."main"."_cutover_orders_1c168adb_candidate_7" t WHERE "id" IS NULL LIMIT 5;
--   where p2 is FALSE, orders.validate.self.samples.2: SELECT "customer", before_rows, now_rows FROM (SELECT "customer", before_rows, now_rows, 1.0 * (before_rows - now_rows) / before_rows AS _cutover_change FROM (SELECT "customer", sum(now_rows) AS now_rows, sum(before_rows) AS before_rows FROM (SELECT "customer", n AS now_rows, 0 AS before_rows FROM (SELECT "customer", count(*) AS n FROM "db"."main"."_cutover_orders_1c168adb_candidate_7" t GROUP BY "customer") a UNION ALL SELECT "customer", 0, n FROM (SELECT "customer", count(*) AS n FROM "db"."main"."orders" GROUP BY "customer") b) both_sides GROUP BY "customer") grouped WHERE before_rows > 0) changed ORDER BY _cutover_change DESC LIMIT 5;
-- orders.validate.delta -- must hold
SELECT CAST(c0 AS VARCHAR) AS c0, coalesce(c0 >= CAST('5' AS BIGINT) AND c0 <= CAST('5' AS BIGINT), TRUE) AS p0, coalesce(c0 >= CAST('5' AS BIGINT) AND c0 <= CAST('5' AS BIGINT), TRUE) AS ok FROM (SELECT count(*) AS c0, count(*) AS _cutover_rows FROM "db"."cutover_ledger"."delta_shop_8d9001d3_main_orders_dcef07c5_7_0" t) observed;
-- orders.check.0: JavaScript check
-- orders.scan
SELECT count(*) AS rows, CAST(coalesce(sum(md5_number_lower(concat("id", '|', "amount", '|', strlen(CAST("customer" AS VARCHAR)), '|', strlen(CAST("region" AS VARCHAR)), '|', CAST("customer" AS VARCHAR), CAST("region" AS VARCHAR), ''))), 0::HUGEINT) AS VARCHAR) AS sum FROM "db"."main"."_cutover_orders_1c168adb_candidate_7";
-- orders.swap.1
DROP INDEX IF EXISTS "db"."main"."by_customer";
-- orders.swap.2
DROP INDEX IF EXISTS "db"."main"."by_customer__cutover_72b1f35697d3";
-- orders.swap.3
DROP INDEX IF EXISTS "db"."main"."by_region__cutover_6a031767b019";
-- orders.swap.4
ALTER TABLE "db"."main"."orders" RENAME TO "_cutover_orders_1c168adb_before_7";
-- orders.swap.5
ALTER TABLE "db"."main"."_cutover_orders_1c168adb_candidate_7" RENAME TO "orders";
-- orders.swap.6
CREATE INDEX "by_customer" ON "db"."main"."orders" (customer);
-- orders.swap.7
CREATE INDEX "by_region" ON "db"."main"."orders" (region);
-- record -- must change 1 rows
INSERT INTO "db"."cutover_ledger"."journal" ("pipeline", "release", "seq", "event", "recorded_at", "fence", "payload") VALUES ('shop', CAST('7' AS BIGINT), CAST('41' AS BIGINT), 'published', (SELECT uuid_extract_timestamp(uuidv7())), CAST('9' AS BIGINT), '{"strategy":"swap","previous":6,"keep":3,"base":{"live":6,"tables":{},"kept":[],"undone":[],"open":[],"held":null},"tables":{"[\"main\",\"orders\"]":{"alias":"orders","path":["~here","main","orders"],"hash":"h2","watermark":null,"staged":5,"counts":{"inserted":0,"updated":0,"deleted":0,"unchanged":0,"stale":0,"quarantined":0},"undo":{"kind":"swap","kept":["~here","main","_cutover_orders_1c168adb_before_7"],"fingerprint":{"body":"(\"id\" BIGINT, \"customer\" VARCHAR, \"amount\" DECIMAL(18,2))","comment":"what it is for","columnComments":{},"indexes":[{"name":"by_customer","unique":false,"on":" (customer)","comment":null}],"views":[],"foreignKeys":[]}},"tally":null,"scan":"orders.scan","stale":null,"checks":[{"table":"orders","check":"rowCount","severity":"error","bound":{"min":1},"what":"rows","trust":"scan","id":"1ddf8c208e6e","op":"orders.validate.self","index":0},{"table":"orders","check":"notNull(id)","severity":"error","bound":{"max":0},"what":"rows with NULL in id","trust":"scan","id":"36c35a6b7e6c","op":"orders.validate.self","index":1},{"table":"orders","check":"maxDrop per partition","severity":"error","bound":{"max":0.1},"what":"largest drop of a partition of customer","trust":"scan","id":"f35a796e7c03","op":"orders.validate.self","index":2},{"table":"orders","check":"reconcile(rows)","severity":"error","bound":{"min":5,"max":5},"what":"rows staged","trust":"scan","id":"c3c7df1f6ad7","op":"orders.validate.delta","index":0},{"table":"orders","check":"mine","severity":"error","bound":null,"trust":"scan","id":"b01e8def","what":"mine","op":"orders.check.0","index":0}]}},"facts":{"orders.scan":' || '{orders.scan}' || ',"orders.validate.self":' || '{orders.validate.self}' || ',"orders.validate.delta":' || '{orders.validate.delta}' || ',"orders.check.0":' || '{orders.check.0}' || '}}');
