import { status } from "@grpc/grpc-js";
import { type Dao, UnreadableRecord } from "../../../../plugins/contract/mod.ts";
import { storageUnavailable } from "../../../../proto/errors.ts";
import { type DaoCapabilities, DaoService } from "../../../../proto/remote_plugin.ts";
import type { Connection } from "../connection.ts";
import { RemoteCallError } from "../remote_call_error.ts";
import { createAuditStore } from "./audit.ts";
import { createBinaryStore } from "./binaries.ts";
import type { DaoCalls } from "./calls.ts";
import { createContextStore } from "./contexts.ts";
import { createFileStore } from "./files.ts";
import { createJobStore } from "./jobs.ts";
import { createOutboxStore } from "./outbox.ts";
import { createWriter } from "./writer.ts";

/** A remote DAO. While it is unavailable, its methods reject with Unavailable. */
export function createDao(name: string, connection: Connection, { durable, shared }: DaoCapabilities): Dao {
  const writer = createWriter(connection);
  const calls: DaoCalls = {
    read: (method, request) => orUnavailable(connection.call(method, request)),
    write: (name, input) => orUnavailable(writer.write(name, input)),
  };

  async function orUnavailable<Answer>(answer: Promise<Answer>): Promise<Answer> {
    try {
      return await answer;
    } catch (cause) {
      if (!(cause instanceof RemoteCallError)) throw cause;
      if (cause.storeState !== undefined) throw storageUnavailable(name, cause, cause.storeState);
      throw cause.code === status.DATA_LOSS ? new UnreadableRecord(cause.message, { cause }) : cause;
    }
  }

  return {
    capabilities: { durable, shared },
    jobs: createJobStore(calls),
    contexts: createContextStore(calls),
    binaries: createBinaryStore(calls),
    files: createFileStore(calls),
    audit: createAuditStore(calls),
    outbox: createOutboxStore(calls),
    async checkHealth({ signal } = {}) {
      await orUnavailable(connection.call(DaoService.method.checkHealth, {}, { signal }));
    },
    async [Symbol.asyncDispose]() {
      await writer[Symbol.asyncDispose]();
      await connection[Symbol.asyncDispose]();
    },
  };
}
