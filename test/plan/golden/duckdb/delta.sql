-- delta

-- inspect
SELECT count(*) AS "rows", coalesce(count_if("id" IS NULL OR "customer" IS NULL), 0) AS "null_keys", (SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY "id", "customer" ORDER BY NULL) AS "_cutover_copy" FROM "db"."cutover_ledger"."delta_shop_8d9001d3_t_e3b98a4d_7_0r") AS "k" WHERE "_cutover_copy" = 1) AS "keys", 0 AS "null_partitions", coalesce(count_if("at" IS NULL), 0) AS "null_cursors", min("at") AS "min_cursor", max("at") AS "max_cursor", max(CASE WHEN "at" <= (SELECT uuid_extract_timestamp(uuidv7())) THEN "at" END) AS "settled_cursor" FROM "db"."cutover_ledger"."delta_shop_8d9001d3_t_e3b98a4d_7_0r";
-- partitions
SELECT DISTINCT "customer" AS "value" FROM "db"."cutover_ledger"."delta_shop_8d9001d3_t_e3b98a4d_7_0r" ORDER BY 1;
-- append
INSERT INTO "db"."cutover_ledger"."delta_shop_8d9001d3_t_e3b98a4d_7_0r" ("id", "customer") SELECT "id", "customer" FROM "db"."cutover_ledger"."delta_shop_8d9001d3_t_e3b98a4d_7_0i";
-- fold -- must hold
SELECT count(*) AS "ties", count(*) = 0 AS "ok", min(CAST("id" AS VARCHAR)) AS "sample" FROM (SELECT "id" FROM (SELECT DISTINCT "id", "customer" FROM (SELECT "id", "customer", rank() OVER (PARTITION BY "id" ORDER BY "customer" DESC NULLS LAST) AS "_cutover_rank" FROM "db"."cutover_ledger"."delta_shop_8d9001d3_t_e3b98a4d_7_0r") ranked WHERE "_cutover_rank" = 1) winners GROUP BY "id" HAVING count(*) > 1) tied;
-- fold.2
INSERT INTO "db"."cutover_ledger"."delta_shop_8d9001d3_t_e3b98a4d_7_0f" ("id", "customer") SELECT "id", "customer" FROM (SELECT "id", "customer", row_number() OVER (PARTITION BY "id" ORDER BY "customer" DESC NULLS LAST) AS "_cutover_n" FROM "db"."cutover_ledger"."delta_shop_8d9001d3_t_e3b98a4d_7_0r") ordered WHERE "_cutover_n" = 1;
-- fold-no-cursor -- must hold
SELECT count(*) AS "ties", count(*) = 0 AS "ok", min(CAST("id" AS VARCHAR)) AS "sample" FROM (SELECT "id" FROM (SELECT DISTINCT "id", "customer" FROM (SELECT "id", "customer", rank() OVER (PARTITION BY "id" ORDER BY 1) AS "_cutover_rank" FROM "db"."cutover_ledger"."delta_shop_8d9001d3_t_e3b98a4d_7_0r") ranked WHERE "_cutover_rank" = 1) winners GROUP BY "id" HAVING count(*) > 1) tied;
-- fold-no-cursor.2
INSERT INTO "db"."cutover_ledger"."delta_shop_8d9001d3_t_e3b98a4d_7_0f" ("id", "customer") SELECT "id", "customer" FROM (SELECT "id", "customer", row_number() OVER (PARTITION BY "id" ORDER BY 1) AS "_cutover_n" FROM "db"."cutover_ledger"."delta_shop_8d9001d3_t_e3b98a4d_7_0r") ordered WHERE "_cutover_n" = 1;
