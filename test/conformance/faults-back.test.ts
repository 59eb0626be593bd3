import { walk } from "./faults.js";

walk("rest");
