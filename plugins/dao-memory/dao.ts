import type { Dao } from "../contract/mod.ts";
import { createAuditStore } from "./audit.ts";
import { createBinaryStore } from "./binaries.ts";
import { createContextStore } from "./contexts.ts";
import { createFileStore } from "./files.ts";
import { createJobStore } from "./jobs.ts";
import { createOutboxStore } from "./outbox.ts";
import type { MemoryRecord } from "./record.ts";

/** Opens a store. Every write is complete when its method is called. All methods reject after disposal. */
export function openDao(record: MemoryRecord): Dao {
  let isClosed = false;

  function requireOpen(): void {
    if (isClosed) throw new Error("Cannot use the store in memory: it is closed");
  }

  /** A store whose methods check first that it is open. */
  function guard<Store extends object>(store: Store): Store {
    return new Proxy(store, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return async (...args: unknown[]) => {
          requireOpen();
          return method.apply(target, args);
        };
      },
    });
  }

  return {
    capabilities: { durable: false, shared: false },
    jobs: guard(createJobStore(record)),
    contexts: guard(createContextStore(record)),
    binaries: guard(createBinaryStore(record)),
    files: guard(createFileStore(record)),
    audit: guard(createAuditStore(record)),
    outbox: guard(createOutboxStore(record)),
    async checkHealth(options) {
      options?.signal?.throwIfAborted();
      requireOpen();
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
    },
  };
}
