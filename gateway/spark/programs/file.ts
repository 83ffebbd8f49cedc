import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { sep } from "node:path";

interface Bounds {
  /** Absolute paths. */
  readonly folders: readonly string[];
  readonly limitBytes: number;
}

/**
 * Reads a regular file below one of the folders, after following symbolic links. Rejects when the file is elsewhere (before opening it), does
 * not exist, or is too large.
 */
export async function readFileBelow(path: string, { folders, limitBytes }: Bounds): Promise<Uint8Array> {
  if (!folders.some((folder) => isBelow(folder, path))) throw outside();
  const [target, ...roots] = await Promise.all([path, ...folders].map((each) => realpath(each).catch(() => undefined)));
  if (target === undefined) throw new Error("there is no such file");
  if (!roots.some((root) => root !== undefined && isBelow(root, target))) throw outside();
  // Does not wait for special files such as pipes.
  await using file = await open(target, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const stats = await file.stat();
  if (!stats.isFile()) throw new Error("it is not a file");
  if (stats.size > limitBytes) throw new Error(`it has more than ${limitBytes} bytes`);
  return file.readFile();
}

function isBelow(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function outside(): Error {
  return new Error("it is below none of the folders that gateway.spark.programs.folders names");
}
