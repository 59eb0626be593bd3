import { isInPlace, walk } from "./faults.js";

walk((c) => isInPlace(c.name));
