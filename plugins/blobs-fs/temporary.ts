import { createHash, randomUUID } from "node:crypto";
import { open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../contract/mod.ts";

/** After so long without a write, a temporary file has no writer any more, whatever process has its id now. */
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/** Content on its way into the store, durable under a temporary name. Disposing removes the file unless it was renamed. */
export interface TemporaryFile extends AsyncDisposable {
  readonly path: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** A name in the folder that nobody has; `removeAbandoned` knows such names. */
export function temporaryPath(folder: string): string {
  return join(folder, `${process.pid}-${randomUUID()}`);
}

/** Writes the content to a new file of the folder. Leaves no file behind when it rejects. */
export async function writeTemporaryFile(
  folder: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<TemporaryFile> {
  await using cleanUp = new AsyncDisposableStack();
  const path = temporaryPath(folder);
  cleanUp.defer(() => rm(path, { force: true }));

  await using file = await open(path, "wx", 0o600);
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of content instanceof Uint8Array ? [content] : content) {
    hash.update(chunk);
    sizeBytes += chunk.length;
    await file.writeFile(chunk);
  }
  await file.sync();

  const owned = cleanUp.move();
  return {
    path,
    digest: `sha256:${hash.digest("hex")}`,
    sizeBytes,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Removes the temporary files of processes that ended before they could. */
export async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!isAlive(Number.parseInt(name, 10)) || (await ageMs(path)) > ABANDONED_AFTER_MS)
      await rm(path, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is another user's.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** 0 for a file that is gone. */
async function ageMs(path: string): Promise<number> {
  const stats = await stat(path, { throwIfNoEntry: false });
  return stats ? Date.now() - stats.mtimeMs : 0;
}
