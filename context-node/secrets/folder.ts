import { isUtf8 } from "node:buffer";
import { readFile, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";

const LARGEST_BYTES = 64 * 1024;

/** Reads a secret by a well-formed name. Rejects with SecretUnavailable. */
export type ReadSecret = (name: string) => Promise<string>;

/** A secret is unavailable. The message has its name and the reason, and nothing of its value. */
export class SecretUnavailable extends Error {
  override readonly name = "SecretUnavailable";

  constructor(secret: string, state: string) {
    super(`Cannot read secret "${secret}": ${state}`);
  }
}

/**
 * Secrets as Docker and Kubernetes mount them: a folder with one file each, read on demand. A file may be a link within the folder. A byte
 * order mark at the start and one line break at the end are not part of the value.
 */
export function createSecretFolder(folder: string | undefined): ReadSecret {
  return async (name) => {
    if (folder === undefined) throw new SecretUnavailable(name, "the node has no folder of secrets (node.secrets.dir)");
    // Kubernetes replaces all files at once: a file may disappear between two system calls and reappear.
    const bytes = (await readWithin(folder, name)) ?? (await readWithin(folder, name));
    if (bytes === undefined) throw new SecretUnavailable(name, "the node has none of that name");
    if (!isUtf8(bytes)) throw new SecretUnavailable(name, "its file is not UTF-8 text");
    const value = bytes
      .toString()
      .replace(/^\ufeff/, "")
      .replace(/\r?\n$/, "");
    if (value === "") throw new SecretUnavailable(name, "its file is empty");
    return value;
  };
}

/** Undefined when there is no such file. */
async function readWithin(folder: string, name: string): Promise<Buffer | undefined> {
  try {
    const root = await realpath(folder);
    const path = await realpath(join(root, name));
    if (!path.startsWith(`${root}${sep}`))
      throw new SecretUnavailable(name, "its file is a link that leaves the folder");
    const found = await stat(path);
    if (!found.isFile()) throw new SecretUnavailable(name, "it is not a file");
    if (found.size > LARGEST_BYTES) {
      throw new SecretUnavailable(name, `its file has ${found.size} bytes, and at most ${LARGEST_BYTES} are read`);
    }
    return await readFile(path);
  } catch (error) {
    if (error instanceof SecretUnavailable) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new SecretUnavailable(name, `its file cannot be read (${code})`);
  }
}
