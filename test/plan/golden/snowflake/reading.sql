-- reading

-- key
SELECT "release", "seq", "event", "recorded_at", "fence", "payload" FROM "db"."cutover_ledger"."journal" WHERE "pipeline" = 'shop' AND "event" IN ('key', 'key-returned') AND "payload" = 'it''s' ORDER BY "seq" DESC, "fence" DESC LIMIT 1;
-- release
SELECT "release", "seq", "event", "recorded_at", "fence", "payload" FROM "db"."cutover_ledger"."journal" WHERE "pipeline" = 'shop' AND "event" IN ('published') AND "release" = 5 ORDER BY "seq" DESC, "fence" DESC;
-- page
SELECT "release", "seq", "event", "recorded_at", "fence", "payload" FROM "db"."cutover_ledger"."journal" WHERE "pipeline" = 'shop' AND "event" IN ('published') AND "seq" < 9 ORDER BY "seq" DESC, "fence" DESC LIMIT 100;
-- difference
SELECT "net"."id" AS "id", "net"."customer" AS "customer", CAST("net"."_cutover_n" AS NUMBER(19,0)) AS "_cutover_n" FROM (SELECT "s"."id", "s"."customer", SUM("s"."_cutover_sign") AS "_cutover_n" FROM (SELECT "id", "customer", 1 AS "_cutover_sign" FROM "db"."main"."orders" UNION ALL SELECT "id", "customer", -1 AS "_cutover_sign" FROM "db"."main"."before" UNION ALL SELECT "id", "customer", CASE WHEN "_cutover_image" = 'after' THEN 1 ELSE -1 END AS "_cutover_sign" FROM "db"."cutover_ledger"."changes_t_e3b98a4d_s" WHERE "_cutover_release" = 6) AS "s" GROUP BY "s"."id", "s"."customer", MD5_NUMBER_LOWER64(CONCAT_WS('|', NVL(TO_VARCHAR("s"."id"), ''), NVL(LENGTH("s"."customer") || ':' || "s"."customer", ''))) HAVING SUM("s"."_cutover_sign") <> 0) AS "net" ORDER BY "net"."id", "net"."_cutover_n";
