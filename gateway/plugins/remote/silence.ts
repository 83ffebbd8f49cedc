import { status } from "@grpc/grpc-js";
import { deadline } from "../../../lib/async/mod.ts";
import { RemoteCallError } from "./call_error.ts";

/** Resolves with what a plugin was asked for; rejects with a RemoteCallError when that takes longer. The work goes on then. */
export function withinSilence<Answer>(answer: Promise<Answer>, silenceMs: number): Promise<Answer> {
  return deadline(answer, silenceMs, () => {
    throw new RemoteCallError(`the plugin was silent for ${silenceMs} ms`, { code: status.DEADLINE_EXCEEDED });
  });
}
