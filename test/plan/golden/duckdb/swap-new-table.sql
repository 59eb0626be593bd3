-- swap, one transaction

-- fence -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "fence" = "fence" WHERE "fence" = CAST('9' AS BIGINT) AND "owner" IS NOT NULL AND "expires_at" > (SELECT uuid_extract_timestamp(uuidv7()));
-- orders.validate.self -- must hold
SELECT CAST("c0" AS VARCHAR) AS "c0", coalesce("c0" >= CAST('1' AS BIGINT), TRUE) AS "p0", CAST("c1" AS VARCHAR) AS "c1", coalesce("c1" <= CAST('0' AS BIGINT), TRUE) AS "p1", coalesce("c0" >= CAST('1' AS BIGINT), TRUE) AND coalesce("c1" <= CAST('0' AS BIGINT), TRUE) AS "ok" FROM (SELECT count(*) AS "c0", coalesce(count_if("id" IS NULL), 0) AS "c1", count(*) AS "_cutover_rows" FROM "db"."main"."_cutover_orders_1c168adb_candidate_7" _cutover_t) observed;
--   where p1 is FALSE, orders.validate.self.samples.1: SELECT "id", "customer", "amount", "region" FROM "db"."main"."_cutover_orders_1c168adb_candidate_7" _cutover_t WHERE "id" IS NULL LIMIT 5;
-- orders.check.0: JavaScript check
-- orders.scan
SELECT count(*) AS "rows", CAST(coalesce(sum(CAST(md5_number(concat("id", '|', "amount", '|', strlen(CAST("customer" AS VARCHAR)), '|', strlen(CAST("region" AS VARCHAR)), '|', CAST("customer" AS VARCHAR), CAST("region" AS VARCHAR), '')) >> 64 AS UBIGINT)), 0::HUGEINT) AS VARCHAR) AS "sum" FROM "db"."main"."_cutover_orders_1c168adb_candidate_7";
-- orders.swap.1
DROP INDEX "db"."main"."by_customer_of_the_copy";
-- orders.swap.2
DROP INDEX "db"."main"."by_region_of_the_copy";
-- orders.swap.3
ALTER TABLE "db"."main"."_cutover_orders_1c168adb_candidate_7" RENAME TO "orders";
-- orders.swap.4
CREATE INDEX "by_customer" ON "db"."main"."orders" (customer);
-- orders.swap.5
CREATE INDEX "by_region" ON "db"."main"."orders" (region);
-- record -- must change 1 rows
INSERT INTO "db"."cutover_ledger"."journal" ("pipeline", "release", "seq", "event", "recorded_at", "fence", "payload") VALUES ('shop', CAST('7' AS BIGINT), CAST('41' AS BIGINT), 'published', (SELECT uuid_extract_timestamp(uuidv7())), CAST('9' AS BIGINT), '{"strategy":"swap","previous":6,"keep":3,"base":{"live":6,"tables":{},"kept":[],"undone":[],"open":[],"held":null,"pending":null,"sandboxes":[]},"tables":{"[\"main\",\"orders\"]":{"alias":"orders","path":["~here","main","orders"],"hash":"h2","watermark":null,"staged":5,"counts":{"inserted":0,"updated":0,"deleted":0,"unchanged":0,"stale":0,"quarantined":0},"undo":{"kind":"swap","kept":null,"fingerprint":null},"tally":null,"scan":"orders.scan","checks":[{"table":"orders","check":"rowCount","severity":"error","bound":{"min":1},"what":"rows","trust":"scan","id":"1ddf8c208e6e","op":"orders.validate.self","index":0},{"table":"orders","check":"notNull(id)","severity":"error","bound":{"max":0},"what":"rows with NULL in id","trust":"scan","id":"36c35a6b7e6c","op":"orders.validate.self","index":1},{"table":"orders","check":"maxDrop per partition","severity":"error","bound":null,"what":"maxDrop per partition","trust":"scan","id":"0d790e83e0ce","op":null,"index":0},{"table":"orders","check":"reconcile","severity":"error","bound":null,"what":"reconcile","trust":"scan","id":"f5a85c9acc99","op":null,"index":0},{"table":"orders","check":"mine","severity":"error","bound":null,"trust":"scan","id":"b01e8def","what":"mine","op":"orders.check.0","index":0}],"loses":true,"changes":null}},"facts":{"orders.scan":' || '{orders.scan}' || ',"orders.validate.self":' || '{orders.validate.self}' || ',"orders.check.0":' || '{orders.check.0}' || '}}');
