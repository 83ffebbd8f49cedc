/**
 * Contents that are too large for a message: bundles, source maps and data files fetched from gateways and cached, and the
 * large results that this node keeps for gateways. May import `proto`, the sessions and the runtime's interface.
 */
export { type BlobCache, openBlobCache } from "./cache.ts";
export { createDataFiles } from "./files.ts";
export type { BlobLease } from "./lease.ts";
export type { LiveResult } from "./live_result.ts";
export { type FinishedResult, type LivePart, openResultStore, type ResultStore } from "./results.ts";
