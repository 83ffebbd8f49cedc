import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import {
  DaoService,
  type Outcome,
  WriteRequestSchema,
  type WriteResponse,
  type WriteSchema,
} from "../../../../proto/remote_plugin.ts";
import type { Connection } from "../connection.ts";
import { RemoteCallError } from "../remote_call_error.ts";
import type { WriteAnswer, WriteInput, WriteName } from "./calls.ts";

/** Maximum number of writes in a group, and of their bytes; a larger write is sent alone. */
const MAX_WRITES = 1000;
const MAX_BYTES = 8 * 1024 * 1024;

/** Sends writes in the order of the calls. Disposing it waits for the pending writes. */
export interface Writer extends AsyncDisposable {
  /** Rejects with a RemoteCallError. */
  write<Name extends WriteName>(name: Name, input: WriteInput<Name>): Promise<WriteAnswer<Name>>;
}

interface WaitingWrite {
  /** A serialized request with this write alone. Such requests concatenated are the request with all their writes. */
  readonly bytes: Uint8Array;
  readonly answered: PromiseWithResolvers<Outcome["outcome"]>;
}

/** Sends one group at a time; writes that arrive meanwhile wait for the next group, so groups grow with the load. */
export function createWriter(connection: Connection): Writer {
  const waiting: WaitingWrite[] = [];
  let sending: Promise<void> | undefined;
  let isClosed = false;

  async function sendAll(): Promise<void> {
    // Writes of the same turn form one group.
    await Promise.resolve();
    while (waiting.length > 0) await sendGroup(connection, takeGroup(waiting));
    sending = undefined;
  }

  return {
    async write(name, input) {
      if (isClosed) throw new RemoteCallError("the connection is closed", { code: status.CANCELLED });
      // `WriteInput` ensures that the input belongs to the write.
      const write = { case: name, value: input } as NonNullable<MessageInitShape<typeof WriteSchema>["write"]>;
      const bytes = toBinary(WriteRequestSchema, create(WriteRequestSchema, { writes: [{ write }] }));
      const answered = Promise.withResolvers<Outcome["outcome"]>();
      waiting.push({ bytes, answered });
      sending ??= sendAll();
      return answerOf(name, await answered.promise);
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await sending;
    },
  };
}

/** Removes the next group from the front of the queue, at least one write. */
function takeGroup(waiting: WaitingWrite[]): WaitingWrite[] {
  let sizeBytes = 0;
  const tooMany = waiting.findIndex(({ bytes }, n) => {
    sizeBytes += bytes.length;
    return n > 0 && (n >= MAX_WRITES || sizeBytes > MAX_BYTES);
  });
  return waiting.splice(0, tooMany === -1 ? waiting.length : tooMany);
}

/** Resolves when all writes of a group are settled. */
async function sendGroup(connection: Connection, group: readonly WaitingWrite[]): Promise<void> {
  const request = Buffer.concat(group.map(({ bytes }) => bytes));
  const [answer] = await Promise.allSettled([connection.callWith(DaoService.method.write, request)]);
  for (const [n, { answered }] of group.entries()) {
    if (answer.status === "rejected") answered.reject(answer.reason);
    else answered.resolve(outcomeOf(answer.value, n));
  }
}

function outcomeOf({ outcomes }: WriteResponse, n: number): Outcome["outcome"] {
  return outcomes[n]?.outcome ?? { case: undefined };
}

function answerOf<Name extends WriteName>(name: Name, outcome: Outcome["outcome"]): WriteAnswer<Name> {
  if (outcome.case === "failure") {
    const { code, message, storeState } = outcome.value;
    throw new RemoteCallError(message, { code, state: storeState });
  }
  if (outcome.case === undefined || outcome.case !== name) {
    throw new Error(`the DAO plugin returned ${outcome.case ?? "nothing"} for ${name}`);
  }
  // The case is the name.
  return outcome.value as WriteAnswer<Name>;
}
