/** How programs are called, how they say what is wrong, and how they are asked to end. Imports nothing of Hearth. */
export { hasLostUnusedTerminal, onEndRequest, type SignalledProcess } from "./end_request.ts";
export { type CommandLine, type Program, runProgram, UsageError } from "./program.ts";
