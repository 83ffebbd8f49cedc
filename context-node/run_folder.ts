import { mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";

/** How often a process shows that it still uses its folder. */
const SIGN_OF_LIFE_MS = 10_000;

/** A folder without a sign of life for so long is that of a process that was killed. */
const ABANDONED_MS = 60_000;

/** A folder of one process of a node. Disposing it removes it. */
export interface RunFolder extends AsyncDisposable {
  readonly path: string;
}

/** Makes the folder, and removes those of processes that were killed: nodes of one machine may share the parent. */
export async function openRunFolder(
  { log }: { log: Pick<Logger, "warn"> },
  { parent, nodeId }: { parent: string; nodeId: string },
): Promise<RunFolder> {
  const path = join(parent, nodeId);
  await mkdir(path, { recursive: true });
  for (const name of await readdir(parent)) await removeAbandoned(join(parent, name));

  let sign = Promise.resolve();
  const signs = setInterval(() => {
    sign = touch(path).catch((error: unknown) => log.warn({ err: error, path }, "a folder in use looks abandoned"));
  }, SIGN_OF_LIFE_MS);
  return {
    path,
    async [Symbol.asyncDispose]() {
      clearInterval(signs);
      await sign;
      await rm(path, { recursive: true, force: true });
    },
  };
}

async function removeAbandoned(path: string): Promise<void> {
  // Another node may be tidying up at the same time.
  const found = await stat(path, { throwIfNoEntry: false });
  if (found && Date.now() - found.mtimeMs > ABANDONED_MS) await rm(path, { recursive: true, force: true });
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
}
