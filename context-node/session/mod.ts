/**
 * Sessions: one long-lived gRPC stream per gateway, for commands, events, blobs and heartbeats. The only room that knows gRPC; the effects
 * of commands are passed in.
 */
export { findMissing } from "./inventory.ts";
export { OpenSessions } from "./open_sessions.ts";
export { type SessionServer, startSessionServer } from "./server.ts";
export type { Commands, Session } from "./session.ts";
