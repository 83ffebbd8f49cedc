import type { ChildProcess } from "node:child_process";

/** How long the output of a process that has exited may stay open, in milliseconds: a descendant could hold it for ever. */
const CLOSE_LIMIT_MS = 1000;

/** Makes `close` of a process follow its `exit` soon, even when another process holds its output. */
export function closeOutputAtExit(child: ChildProcess): void {
  child.once("exit", () => {
    setTimeout(() => {
      for (const stream of child.stdio) stream?.destroy();
    }, CLOSE_LIMIT_MS).unref();
  });
}
