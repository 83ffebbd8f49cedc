/** The audit log: who did what to which object, and whether it was permitted. */
export { type AuditLog, type AuditRecord, startAuditLog } from "./log.ts";
