-- publish, one transaction

-- fence -- must change 1 rows
UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "fence" = "fence" WHERE "fence" = 9 AND "owner" IS NOT NULL AND "expires_at" > CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_LTZ(6));
-- orders.create
CREATE TABLE "db"."main"."orders" ("id" NUMBER(19,0) NOT NULL, "customer" VARCHAR, "amount" NUMBER(18,2), "updated_at" TIMESTAMP_LTZ(6));
-- orders.fill -- must change 5 rows
INSERT INTO "db"."main"."orders" ("id", "customer", "amount", "updated_at") SELECT "d"."id", "d"."customer", "d"."amount", "d"."updated_at" FROM "db"."cutover_ledger"."delta_shop_8d9001d3_main_orders_dcef07c5_7_0r" AS "d";
-- orders.scan
SELECT count(*) AS "rows", CAST(COALESCE(SUM(MD5_NUMBER_LOWER64(CONCAT_WS('|', NVL(TO_VARCHAR("id"), ''), NVL(LENGTH("customer") || ':' || "customer", ''), NVL(TO_VARCHAR("amount"), ''), NVL(TO_VARCHAR(CONVERT_TIMEZONE('UTC', "updated_at"), 'YYYY-MM-DD HH24:MI:SS.FF9'), '')))), 0) AS VARCHAR) AS "sum" FROM "db"."main"."orders";
-- orders.validate.self -- must hold
SELECT CAST("c0" AS VARCHAR) AS "c0", coalesce("c0" >= 1, TRUE) AS "p0", CAST("c1" AS VARCHAR) AS "c1", coalesce("c1" <= 0, TRUE) AS "p1", coalesce("c0" >= 1, TRUE) AND coalesce("c1" <= 0, TRUE) AS "ok" FROM (SELECT count(*) AS "c0", (SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY "id" ORDER BY NULL) AS "_cutover_copy" FROM "db"."main"."orders" t WHERE "id" IS NOT NULL) copies WHERE "_cutover_copy" > 1) AS "c1", count(*) AS "_cutover_rows" FROM "db"."main"."orders" t) observed;
--   where p1 is FALSE, orders.validate.self.samples.1: SELECT "id", "customer", "amount", "updated_at" FROM (SELECT "id", "customer", "amount", "updated_at", row_number() OVER (PARTITION BY "id" ORDER BY NULL) AS "_cutover_copy" FROM "db"."main"."orders" t WHERE "id" IS NOT NULL) copies WHERE "_cutover_copy" > 1 LIMIT 5;
-- record -- must change 1 rows
INSERT INTO "db"."cutover_ledger"."journal" ("pipeline", "release", "seq", "event", "recorded_at", "fence", "payload") SELECT 'shop', 7, 41, 'published', CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_LTZ(6)), 9, '{"strategy":"in-place","previous":6,"keep":3,"base":{"live":6,"tables":{},"kept":[],"undone":[],"open":[],"held":null,"pending":null},"tables":{"[\\"main\\",\\"orders\\"]":{"alias":"orders","path":["~here","main","orders"],"hash":"h","watermark":"2024-02-01T00:00:00Z","staged":5,"changes":["~here","cutover_ledger","changes_main_orders_dcef07c5_cbce79c3"],"undo":{"kind":"fill"},"tally":null,"scan":"orders.scan","checks":[{"table":"orders","check":"rowCount","severity":"error","bound":{"min":1},"what":"rows","trust":"scan","id":"64be363f2c9d","op":"orders.validate.self","index":0},{"table":"orders","check":"unique(id)","severity":"error","bound":{"max":0},"what":"rows that repeat id","trust":"scan","id":"871dbb6a6c47","op":"orders.validate.self","index":1}]}},"facts":{"orders.scan":' || '{orders.scan}' || ',"orders.validate.self":' || '{orders.validate.self}' || '}}';
