export { type CodeNote, type ErrorCode, type ErrorFacts, errorCodes } from "./codes.js";
export { CutoverError, isCutoverError, located, type Where } from "./error.js";
