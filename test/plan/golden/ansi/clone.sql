-- clone, one transaction

-- orders.clone
CREATE TABLE db.main._cutover_orders_1c168adb_candidate_7 AS SELECT id, customer, amount FROM db.main.orders;
