import { walk } from "./faults.js";

walk(/: (rollback|redo|redrive|discard|hold|unhold|adopt|recover|sandbox|a sandbox)/);
