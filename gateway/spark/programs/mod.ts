/**
 * Programs as they are uploaded, or named by a URI in a class path: then they are fetched from where the configuration lets them come
 * from, and kept as binaries.
 */
export { fetchProgram, type ProgramSource } from "./fetch.ts";
export { isProgram } from "./format.ts";
export { type Place, parsePlace, type RemotePlace } from "./place.ts";
