import type { DatabaseSync } from "node:sqlite";
import { prepareAuditWrites } from "../tables/audit_writes.ts";
import { prepareBinaryWrites } from "../tables/binary_writes.ts";
import { prepareContextWrites } from "../tables/context_writes.ts";
import { prepareFileWrites } from "../tables/file_writes.ts";
import { prepareJobWrites } from "../tables/job_writes.ts";
import { prepareOutboxWrites } from "../tables/outbox_writes.ts";

/** Every write there is, by name; the table is the protocol between the DAO and its writer thread. */
export type Writes = ReturnType<typeof prepareWrites>;

/** Prepares the statements of all writes. Each takes columns, then blobs, and runs inside a transaction of its caller. */
export function prepareWrites(database: DatabaseSync) {
  return {
    ...prepareJobWrites(database),
    ...prepareContextWrites(database),
    ...prepareBinaryWrites(database),
    ...prepareFileWrites(database),
    ...prepareAuditWrites(database),
    ...prepareOutboxWrites(database),
    /** A write without effect: checks that the thread responds and gets its lock. */
    ping(_columns: readonly []): void {},
  };
}
