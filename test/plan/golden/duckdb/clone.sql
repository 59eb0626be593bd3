-- clone, one transaction

-- orders.clone.1
CREATE TABLE "db"."main"."_cutover_orders_1c168adb_candidate_7"("id" BIGINT, "customer" VARCHAR, "amount" DECIMAL(18,2));
-- orders.clone.2
INSERT INTO "db"."main"."_cutover_orders_1c168adb_candidate_7" ("id", "customer", "amount") SELECT "id", "customer", "amount" FROM "db"."main"."orders";
-- orders.clone.3
COMMENT ON TABLE "db"."main"."_cutover_orders_1c168adb_candidate_7" IS 'what it is for';
-- orders.clone.4
CREATE INDEX "by_customer__cutover_72b1f35697d3" ON "db"."main"."_cutover_orders_1c168adb_candidate_7" (customer);
