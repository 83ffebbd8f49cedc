/**
 * Access control: authenticates callers with the auth plugins, limits their rates, checks what their roles permit, and records each call in
 * the audit log. Every API goes through one `Gate`; a gateway without auth plugins has none.
 */
export { type Action, type Caller, type Gate, isRead } from "./access_control.ts";
export { type Granting, type Guard, OPEN } from "./authorization.ts";
export { type HttpRequest, peerOf } from "./credentials.ts";
export { networkOf } from "./network.ts";
export type { Stay } from "./recheck.ts";
export type { Named } from "./resources.ts";
export type { Role, Roles } from "./roles.ts";
export { type AccessConfig, startGate } from "./start.ts";
