import { unwatchFile, watchFile } from "node:fs";
import type { Logger } from "pino";

/** Interval between checks of a file, in milliseconds. */
const POLL_INTERVAL_MS = 1000;

/** Files whose content matters together. */
export interface WatchedFiles {
  /** Description of their content, for the log. */
  readonly what: string;
  readonly paths: readonly string[];
}

/** Calls `use` each time a file has changed. Logs an error if it throws; it must then keep the previous state. */
export function watchFiles(
  { what, paths }: WatchedFiles,
  use: () => void,
  { log }: { readonly log: Pick<Logger, "info" | "error"> },
): Disposable {
  const changed = (): void => {
    try {
      use();
      log.info({ files: paths }, `the changed ${what} is in use`);
    } catch (error) {
      log.error({ files: paths, err: error }, `the changed ${what} cannot be used; the one before stays`);
    }
  };
  // Polls, because no event reports a symbolic link that is replaced, as Kubernetes does.
  for (const path of paths) watchFile(path, { interval: POLL_INTERVAL_MS, persistent: false }, changed);
  return {
    [Symbol.dispose]() {
      for (const path of paths) unwatchFile(path, changed);
    },
  };
}
