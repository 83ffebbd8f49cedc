/** The audit log: who did what to which object, allowed or not. Imports the events and the contract. */
export { type AuditLog, type AuditRecord, startAuditLog } from "./log.ts";
