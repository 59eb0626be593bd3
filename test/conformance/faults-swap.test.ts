import { walk } from "./faults.js";

walk(/: (clone|rebuild|run by swap|a candidate)/);
