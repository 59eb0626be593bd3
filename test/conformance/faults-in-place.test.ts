import { walk } from "./faults.js";

walk(/: (a first load|run in place|append|replace|backfill|setWatermark)/);
