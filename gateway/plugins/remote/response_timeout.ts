import { status } from "@grpc/grpc-js";
import { deadline } from "../../../lib/async/mod.ts";
import { RemoteCallError } from "./remote_call_error.ts";

/** Resolves with the plugin's response; rejects with a RemoteCallError on timeout, without cancelling the call. */
export function withResponseTimeout<Answer>(answer: Promise<Answer>, responseTimeoutMs: number): Promise<Answer> {
  return deadline(answer, responseTimeoutMs, () => {
    const message = `no response from the plugin for ${responseTimeoutMs} ms`;
    throw new RemoteCallError(message, { code: status.DEADLINE_EXCEEDED });
  });
}
