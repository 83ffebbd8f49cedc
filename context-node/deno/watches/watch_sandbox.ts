import type { Executors } from "../executors/executors.ts";
import type { DenoProcess } from "../process/deno_process.ts";
import { watchLiveness } from "./liveness.ts";
import { watchThreads } from "./thread_watch.ts";

/** Watches that the process responds, that executors without a job use no processor time, and that no unknown thread runs. Disposing it ends the watches. */
export function watchSandbox(process: DenoProcess, executors: Executors<unknown>): Disposable {
  const watches = new DisposableStack();
  watches.use(
    watchLiveness({
      channel: process.channel.state,
      ping: () => process.send({ type: "ping" }),
      unresponsive: (message) => process.abandon(message),
    }),
  );
  watches.use(
    watchThreads({
      pid: process.pid,
      executors: () => executors.sampleActivity(),
      busyWithoutJob: (executor) => executors.endIdle(executor),
      unknownThread: (message) => process.endForViolation(message),
      nativeWorkContinues: (message) => process.abandon(message),
    }),
  );
  return watches;
}
