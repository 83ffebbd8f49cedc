import type { AuditEntry, Binary, Context, File, Job, LogLine } from "../../proto/mod.ts";
import type { OutboxEvent } from "../contract/mod.ts";

export interface StoredJob {
  readonly job: Job;
  readonly config: Uint8Array;
  readonly result: Uint8Array | undefined;
  /** By number. */
  readonly logs: Map<number, LogLine>;
}

/** All stored data. Its messages are private copies. */
export interface MemoryRecord {
  readonly jobsById: Map<string, StoredJob>;
  readonly jobIdsByRequest: Map<string, string>;
  readonly contextsById: Map<string, Context>;
  /** Versions of each name, ascending. */
  readonly binariesByName: Map<string, Binary[]>;
  /** The last version number that a name ever had. */
  readonly lastVersions: Map<string, number>;
  readonly filesByName: Map<string, File>;
  readonly auditById: Map<string, AuditEntry>;
  readonly outboxById: Map<string, OutboxEvent>;
}

export function createRecord(): MemoryRecord {
  return {
    jobsById: new Map(),
    jobIdsByRequest: new Map(),
    contextsById: new Map(),
    binariesByName: new Map(),
    lastVersions: new Map(),
    filesByName: new Map(),
    auditById: new Map(),
    outboxById: new Map(),
  };
}
