/** Retention: deletes jobs, contexts, binaries and content that are older than the configuration keeps. */
export { type RetentionConfig, startRetention } from "./retention.ts";
