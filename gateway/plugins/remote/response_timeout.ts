import { status } from "@grpc/grpc-js";
import { RemoteCallError } from "./remote_call_error.ts";

/** Resolves with what a plugin was asked for; rejects with a RemoteCallError when that takes longer. The work goes on then. */
export async function withResponseTimeout<Answer>(answer: Promise<Answer>, responseTimeoutMs: number): Promise<Answer> {
  const silent = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const message = `the plugin was silent for ${responseTimeoutMs} ms`;
    silent.reject(new RemoteCallError(message, { code: status.DEADLINE_EXCEEDED }));
  }, responseTimeoutMs);
  try {
    return await Promise.race([answer, silent.promise]);
  } finally {
    clearTimeout(timer);
  }
}
