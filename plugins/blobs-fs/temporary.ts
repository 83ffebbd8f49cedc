import { createHash, randomUUID } from "node:crypto";
import { open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../contract/mod.ts";

/** Time without a write after which a temporary file is abandoned, in milliseconds, even if its process id exists. */
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/** Content under a temporary name, durable. Disposal removes the file unless it was renamed. */
export interface TemporaryFile extends AsyncDisposable {
  readonly path: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** An unused name in the folder, which `removeAbandoned` recognizes. */
export function temporaryPath(folder: string): string {
  return join(folder, `${process.pid}-${randomUUID()}`);
}

/** Writes content to a new file. Leaves nothing behind when it rejects. */
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

/** Removes the temporary files of dead processes. */
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
    // EPERM: the process of another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** 0 for a missing file. */
async function ageMs(path: string): Promise<number> {
  const stats = await stat(path, { throwIfNoEntry: false });
  return stats ? Date.now() - stats.mtimeMs : 0;
}
