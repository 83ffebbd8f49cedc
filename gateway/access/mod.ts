/**
 * Who may do what: asks the auth plugins who a caller is, holds it to its rate, knows what its roles allow, and tells the audit
 * log. Every surface goes through the one `Gate`; a gateway without auth plugins has none. Imports the contract, the record and
 * the audit log.
 */
export { type HttpRequest, peerOf } from "./credentials.ts";
export { type Action, type Caller, type Gate, isRead } from "./gate.ts";
export { type Granting, type Guard, OPEN } from "./guard.ts";
export { networkOf } from "./network.ts";
export type { Named } from "./objects.ts";
export type { Role, Roles } from "./roles.ts";
export { type AccessConfig, startGate } from "./start.ts";
export type { Stay } from "./stay.ts";
