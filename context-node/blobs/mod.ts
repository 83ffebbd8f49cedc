/**
 * Content that is too large for a message: bundles, source maps and data files from gateways, cached, and the large results of this node's
 * jobs.
 */
export { type BlobCache, openBlobCache } from "./cache.ts";
export { createDataFiles } from "./files.ts";
export type { BlobLease } from "./lease.ts";
export type { LiveResult } from "./live_result.ts";
export { type FinishedResult, type LivePart, openResultStore, type ResultStore } from "./results.ts";
