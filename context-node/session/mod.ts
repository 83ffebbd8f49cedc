/**
 * Sessions: the one long-lived gRPC stream of each gateway, which carries commands, events, blobs and heartbeats. The only
 * place that knows gRPC. May import `proto` and `cluster` only; what a command does is handed in.
 */
export { findMissing } from "./holdings.ts";
export { OpenSessions } from "./open_sessions.ts";
export { type SessionServer, startSessionServer } from "./server.ts";
export type { Commands, Session } from "./session.ts";
