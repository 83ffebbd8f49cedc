/** Command lines of programs: arguments, errors and signals. */
export { hasLostUnusedTerminal, onEndRequest, type SignalledProcess } from "./end_request.ts";
export { type CommandLine, type Program, runProgram, UsageError } from "./program.ts";
