-- reading

-- key
SELECT "release", "seq", "event", "recorded_at", "fence", "payload" FROM "db"."cutover_ledger"."journal" WHERE "pipeline" = 'shop' AND "event" IN ('key', 'key-returned') AND "payload" = 'it''s' ORDER BY "seq" DESC, "fence" DESC LIMIT 1;
-- release
SELECT "release", "seq", "event", "recorded_at", "fence", "payload" FROM "db"."cutover_ledger"."journal" WHERE "pipeline" = 'shop' AND "event" IN ('published') AND "release" = CAST('5' AS BIGINT) ORDER BY "seq" DESC, "fence" DESC;
-- page
SELECT "release", "seq", "event", "recorded_at", "fence", "payload" FROM "db"."cutover_ledger"."journal" WHERE "pipeline" = 'shop' AND "event" IN ('published') AND "seq" < CAST('9' AS BIGINT) ORDER BY "seq" DESC, "fence" DESC LIMIT 100;
-- difference
SELECT "id", "customer", CAST("_cutover_n" AS BIGINT) AS "_cutover_n" FROM (SELECT "id", "customer", sum("_cutover_sign") AS "_cutover_n" FROM (SELECT "id", "customer", 1 AS "_cutover_sign" FROM "db"."main"."orders" UNION ALL SELECT "id", "customer", -1 AS "_cutover_sign" FROM "db"."main"."before" UNION ALL SELECT "id", "customer", CASE WHEN "_cutover_image" = 'after' THEN 1 ELSE -1 END AS "_cutover_sign" FROM "db"."cutover_ledger"."changes_t_e3b98a4d_s" WHERE "_cutover_release" = CAST('6' AS BIGINT)) signed GROUP BY "id", "customer", CAST(md5_number(concat("id", '|', strlen(CAST("customer" AS VARCHAR)), '|', CAST("customer" AS VARCHAR), '')) >> 64 AS UBIGINT) HAVING sum("_cutover_sign") <> 0) net ORDER BY "id", "_cutover_n";
