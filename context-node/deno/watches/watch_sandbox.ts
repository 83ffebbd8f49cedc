import type { Executors } from "../executors/executors.ts";
import type { DenoProcess } from "../process/deno_process.ts";
import { watchLife } from "./liveness.ts";
import { watchThreads } from "./thread_watch.ts";

/** Watches that the process answers, that idle executors are idle, and that it has no threads but theirs. Disposing it ends the watch. */
export function watchSandbox(process: DenoProcess, executors: Executors): Disposable {
  const watches = new DisposableStack();
  watches.use(
    watchLife({
      channel: process.channel.state,
      ping: () => process.send({ type: "ping" }),
      dead: (message) => process.abandon(message),
    }),
  );
  watches.use(
    watchThreads({
      pid: process.pid,
      executors: () => executors.takeStock(),
      burns: (executor) => executors.endIdle(executor),
      stray: (message) => process.condemn(message),
      lingers: (message) => process.abandon(message),
    }),
  );
  return watches;
}
