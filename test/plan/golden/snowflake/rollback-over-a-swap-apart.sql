-- mark, statement by statement

COMMENT ON TABLE "db"."main"."_cutover_orders_1c168adb_candidate_f9" IS 'what it is for
[cutover 9-marker]';

-- rollback, one transaction

UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "fence" = "fence" WHERE "fence" = 9 AND "owner" IS NOT NULL AND "expires_at" > CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_LTZ(6));
SELECT "rows", "sum", "rows" = 110 AND "sum" = '23456' AS "ok" FROM (SELECT count(*) AS "rows", CAST(COALESCE(SUM(MD5_NUMBER_LOWER64(CONCAT_WS('|', NVL(TO_VARCHAR("id"), ''), NVL(LENGTH("customer") || ':' || "customer", '')))), 0) AS VARCHAR) AS "sum" FROM "db"."main"."orders") found;
DELETE FROM "db"."main"."_cutover_orders_1c168adb_candidate_f9" AS "l" USING (SELECT "i"."id", "i"."customer" FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS "i" WHERE "i"."_cutover_release" = 5 AND "i"."_cutover_image" = 'after') AS "c" WHERE "c"."id" = "l"."id" AND "c"."id" IS NOT DISTINCT FROM "l"."id" AND "c"."customer" IS NOT DISTINCT FROM "l"."customer" AND TRUE;
SELECT COUNT(*) AS "taken", COUNT(*) = 0 AS "ok" FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS "i" JOIN "db"."main"."_cutover_orders_1c168adb_candidate_f9" AS "l" ON "i"."id" = "l"."id" AND TRUE WHERE "i"."_cutover_release" = 5 AND "i"."_cutover_image" = 'before';
INSERT INTO "db"."main"."_cutover_orders_1c168adb_candidate_f9" ("id", "customer") SELECT "i"."id", "i"."customer" FROM "db"."cutover_ledger"."changes_main_orders_dcef07c5_s1" AS "i" WHERE "i"."_cutover_release" = 5 AND "i"."_cutover_image" = 'before';
INSERT INTO "db"."cutover_ledger"."journal" ("pipeline", "release", "seq", "event", "recorded_at", "fence", "payload") SELECT 'shop', 4, 41, 'intent', CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_LTZ(6)), 9, '{"events":[{"release":4,"event":"rolled-back","payload":"{\\"from\\":6,\\"to\\":4,\\"releases\\":[5,6],\\"displaced\\":{\\"[\\\\\\"main\\\\\\",\\\\\\"orders\\\\\\"]\\":{\\"kept\\":[\\"~here\\",\\"main\\",\\"_cutover_orders_1c168adb_undone_f9_6\\"],\\"fingerprint\\":{\\"kind\\":\\"permanent\\",\\"comment\\":\\"what it is for\\",\\"owner\\":\\"OWNER\\",\\"grants\\":[{\\"privilege\\":\\"SELECT\\",\\"kind\\":\\"ROLE\\",\\"to\\":\\"READER\\",\\"grantable\\":false}],\\"fixed\\":[],\\"attached\\":[]}}}}"}],"places":[{"alias":"orders","path":["~here","main","orders"],"candidate":["~here","main","_cutover_orders_1c168adb_candidate_f9"],"keepAs":["~here","main","_cutover_orders_1c168adb_undone_f9_6"],"marker":"9-marker","was":{"version":"17","rows":110,"sum":"23456","hash":"h"},"fingerprint":{"kind":"permanent","comment":"what it is for","owner":"OWNER","grants":[{"privilege":"SELECT","kind":"ROLE","to":"READER","grantable":false}],"fixed":[],"attached":[]},"spent":["~here","main","_cutover_orders_1c168adb_before_6"]}]}';

-- swap, statement by statement

ALTER TABLE "db"."main"."orders" SWAP WITH "db"."main"."_cutover_orders_1c168adb_candidate_f9";
ALTER TABLE "db"."main"."_cutover_orders_1c168adb_candidate_f9" RENAME TO "db"."main"."_cutover_orders_1c168adb_undone_f9_6";

-- done, one transaction

UPDATE "db"."cutover_ledger"."lease_shop_8d9001d3" SET "fence" = "fence" WHERE "fence" = 9 AND "owner" IS NOT NULL AND "expires_at" > CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_LTZ(6));
INSERT INTO "db"."cutover_ledger"."journal" ("pipeline", "release", "seq", "event", "recorded_at", "fence", "payload") SELECT 'shop', 4, 41, 'rolled-back', CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_LTZ(6)), 9, '{"from":6,"to":4,"releases":[5,6],"displaced":{"[\\"main\\",\\"orders\\"]":{"kept":["~here","main","_cutover_orders_1c168adb_undone_f9_6"],"fingerprint":{"kind":"permanent","comment":"what it is for","owner":"OWNER","grants":[{"privilege":"SELECT","kind":"ROLE","to":"READER","grantable":false}],"fixed":[],"attached":[]}}}}';
