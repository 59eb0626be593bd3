import { walk } from "./faults.js";

walk("steps");
