import { walk } from "./faults.js";

walk("swaps");
