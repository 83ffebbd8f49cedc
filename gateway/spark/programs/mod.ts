/**
 * Programs at URIs in class paths. They are fetched from the sources that the configuration allows, and stored as binaries.
 */
export { fetchProgram, type ProgramSource } from "./fetch.ts";
export { isProgram } from "./format.ts";
export { type Place, parsePlace, type RemotePlace } from "./place.ts";
