import type { ChildProcess } from "node:child_process";

/** Time for which the output of an exited process may stay open, in milliseconds. A descendant could hold it forever. */
const CLOSE_LIMIT_MS = 1000;

/** Makes `close` of a process follow its `exit` soon, even if another process holds its output. */
export function closeOutputAtExit(child: ChildProcess): void {
  child.once("exit", () => {
    setTimeout(() => {
      for (const stream of child.stdio) stream?.destroy();
    }, CLOSE_LIMIT_MS).unref();
  });
}
