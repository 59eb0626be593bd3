import { walk } from "./faults.js";

walk(/: (rollback|redo|hold|unhold|adopt|recover|sandbox|a sandbox)/);
