import { status } from "@grpc/grpc-js";
import { RemoteCallError } from "./remote_call_error.ts";

/** Resolves with the plugin's response; rejects with a RemoteCallError on timeout, without cancelling the call. */
export async function withResponseTimeout<Result>(answer: Promise<Result>, responseTimeoutMs: number): Promise<Result> {
  const silent = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const message = `no response from the plugin for ${responseTimeoutMs} ms`;
    silent.reject(new RemoteCallError(message, { code: status.DEADLINE_EXCEEDED }));
  }, responseTimeoutMs);
  try {
    return await Promise.race([answer, silent.promise]);
  } finally {
    clearTimeout(timer);
  }
}
