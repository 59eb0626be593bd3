import { walk } from "./faults.js";

walk("in place");
