import { unwatchFile, watchFile } from "node:fs";
import type { Logger } from "pino";

/** A change of a file is seen within this time. */
const LOOK_AGAIN_MS = 1000;

/** Files whose content matters together. */
export interface WatchedFiles {
  /** What they hold, for the log. */
  readonly what: string;
  readonly paths: readonly string[];
}

/** Uses the files again each time that one of them has changed. When `use` throws, the log tells; it leaves what was there before. */
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
  // By looking again and again: where files are links that are exchanged (Kubernetes), nothing else tells of it.
  for (const path of paths) watchFile(path, { interval: LOOK_AGAIN_MS, persistent: false }, changed);
  return {
    [Symbol.dispose]() {
      for (const path of paths) unwatchFile(path, changed);
    },
  };
}
