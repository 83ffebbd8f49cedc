/** How the programs that come with plugins are called, and how they say what is wrong. Imports nothing of Hearth. */
export { type CommandLine, type Program, runProgram, UsageError } from "./program.ts";
