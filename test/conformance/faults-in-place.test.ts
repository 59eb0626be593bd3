import { walk } from "./faults.js";

walk(/: (a first load|run in place|run with quarantine|append|replace|backfill|setWatermark)/);
