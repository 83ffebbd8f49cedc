import type { ChildProcess } from "node:child_process";

/** How long the output of a process that has exited may stay open, in milliseconds: a descendant could hold it for ever. */
const CLOSE_LIMIT_MS = 1000;

/** Lets `close` of a process follow its `exit` soon, whoever else holds its output. */
export function closeOutputAtExit(child: ChildProcess): void {
  child.once("exit", () => {
    setTimeout(() => {
      for (const stream of child.stdio) stream?.destroy();
    }, CLOSE_LIMIT_MS).unref();
  });
}
