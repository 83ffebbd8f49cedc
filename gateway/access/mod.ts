/**
 * Access control: authenticates callers with the auth plugins, limits their rates, checks what their roles permit, and records each call in
 * the audit log. Every API goes through one `AccessControl`; a gateway without auth plugins has none.
 */
export { type AccessControl, type Action, type Caller, isRead } from "./access_control.ts";
export { type Authorization, type Granting, OPEN } from "./authorization.ts";
export { type HttpRequest, peerOf } from "./credentials.ts";
export { networkOf } from "./network.ts";
export type { Recheck } from "./recheck.ts";
export type { ResourceNames } from "./resources.ts";
export type { Role, Roles } from "./roles.ts";
export { type AccessConfig, startAccessControl } from "./start.ts";
