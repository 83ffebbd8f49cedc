import { chmod, stat } from "node:fs/promises";
import type { Logger } from "pino";

/** Mode of files and folders that a process makes: their owner's alone. */
export const PRIVATE_UMASK = 0o077;

/** Permission bits of group and others. */
const FOREIGN = 0o077;

/** Mode bit of folders in which everybody may make files, such as `/tmp`. */
const STICKY = 0o1000;

/**
 * Takes the access of group and others from a data folder that an earlier version, or somebody else, has made. Does nothing where there is
 * no such folder. A folder that is not ours to change, or that everybody shares, stays as it is, and the log says so.
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
