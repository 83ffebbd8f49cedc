/** What is deleted because it is old. Imports the binaries, the contract and `proto` only. */
export { type RetentionConfig, startRetention } from "./retention.ts";
