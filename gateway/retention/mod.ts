/** What is deleted because it is old. Imports the contract and `proto` only. */
export { type RetentionConfig, startRetention } from "./retention.ts";
