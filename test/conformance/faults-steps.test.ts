import { walk } from "./faults.js";

walk(/: a release (in steps|held)/);
