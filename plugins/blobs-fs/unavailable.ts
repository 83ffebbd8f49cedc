import { type StoreState, StoreUnavailable } from "../contract/mod.ts";

/** Error codes of the file system that are no fault of Hearth. EFBIG is a limit of file sizes. */
const STATES: Readonly<Record<string, StoreState>> = {
  ENOSPC: "full",
  EDQUOT: "full",
  EFBIG: "full",
  EROFS: "readOnly",
  EACCES: "denied",
  EPERM: "denied",
  EMFILE: "busy",
  ENFILE: "busy",
  ENOMEM: "busy",
  EIO: "failing",
  // The folder is gone, or what was mounted there.
  ENOENT: "away",
  ENOTDIR: "away",
  ENODEV: "away",
  ENXIO: "away",
  ESTALE: "away",
  ENOTCONN: "away",
  EHOSTDOWN: "away",
  EREMOTEIO: "failing",
  ETIMEDOUT: "away",
};

/** The error of a store whose folder cannot be used now. Any other error is returned unchanged. */
export function fileSystemFault(root: string, error: unknown): unknown {
  if (!(error instanceof Error && "syscall" in error && "code" in error)) return error;
  const state = STATES[String(error.code)];
  const message = `Cannot use the blobs in "${root}": ${error.message}`;
  return state === undefined ? error : new StoreUnavailable(state, message, { cause: error });
}
