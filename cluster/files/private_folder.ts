import { chmod, stat } from "node:fs/promises";
import type { Logger } from "pino";

/** Umask that makes new files and folders private to their owner. */
export const PRIVATE_UMASK = 0o077;

/** Permission bits of group and others. */
const FOREIGN = 0o077;

/** Mode bit of folders in which every user may create files, such as `/tmp`. */
const STICKY = 0o1000;

/**
 * Removes the access of group and others from an existing data folder. Does nothing if the folder does not exist. Logs a warning, and
 * changes nothing, if this user may not change the folder or it is shared, such as `/tmp`.
 */
export async function closeFolder(
  { log }: { readonly log: Pick<Logger, "info" | "warn"> },
  path: string,
): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new Error(`Cannot use the data folder "${path}": ${error.message}`, { cause: error });
  });
  if (found === undefined || (found.mode & FOREIGN) === 0) return;
  const mode = printMode(found.mode);
  if (found.mode & STICKY) {
    log.warn({ path, mode }, "other users may use the data folder; choose one that is for Hearth alone");
    return;
  }
  const refusal = await chmod(path, found.mode & 0o7777 & ~FOREIGN).catch((error: Error) => error);
  if (refusal) log.warn({ path, mode, reason: refusal.message }, "other users may use the data folder");
  else log.info({ path, mode }, "other users could use the data folder; from now on they cannot");
}

function printMode(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
