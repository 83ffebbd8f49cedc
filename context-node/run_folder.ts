import { mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { startTimer } from "../cluster/mod.ts";

/** How often a process shows that it still uses its folder, in milliseconds. */
const SIGN_OF_LIFE_MS = 10_000;

/** A folder without a sign of life for this time is that of a process that was killed, in milliseconds. */
const ABANDONED_MS = 60_000;

/** A folder of one process of a node. Disposing it removes it. */
export interface RunFolder extends AsyncDisposable {
  readonly path: string;
}

interface RunFolderOptions {
  readonly parent: string;
  readonly nodeId: string;
  /** Default a minute. */
  readonly abandonedMs?: number | undefined;
}

/**
 * Makes the folder. Removes, a while later, those of processes that were killed: nodes of one machine may share the parent. A folder counts
 * as one when it shows no sign of life all that while; its age is of no use, as the clock may leap.
 */
export async function openRunFolder(
  { log }: { log: Pick<Logger, "warn"> },
  { parent, nodeId, abandonedMs = ABANDONED_MS }: RunFolderOptions,
): Promise<RunFolder> {
  const path = join(parent, nodeId);
  await mkdir(path, { recursive: true });
  const lastSigns = await readSigns(parent);
  lastSigns.delete(nodeId);

  let work = Promise.resolve();
  const sweep = startTimer(abandonedMs, () => {
    work = work
      .then(() => removeSilent(parent, lastSigns))
      .catch(report("cannot remove the folder of a killed process"));
  });
  const signs = setInterval(() => {
    work = work.then(() => touch(path)).catch(report("a folder in use looks abandoned"));
  }, SIGN_OF_LIFE_MS);
  return {
    path,
    async [Symbol.asyncDispose]() {
      sweep[Symbol.dispose]();
      clearInterval(signs);
      await work;
      await rm(path, { recursive: true, force: true });
    },
  };

  function report(message: string): (error: unknown) => void {
    return (error) => log.warn({ err: error, path }, message);
  }
}

/** The last sign of life of each folder, by name. Another node may be tidying up at the same time. */
async function readSigns(parent: string): Promise<Map<string, number>> {
  const signs = new Map<string, number>();
  for (const name of await readdir(parent)) {
    const found = await stat(join(parent, name), { throwIfNoEntry: false });
    if (found) signs.set(name, found.mtimeMs);
  }
  return signs;
}

async function removeSilent(parent: string, before: ReadonlyMap<string, number>): Promise<void> {
  for (const [name, sign] of await readSigns(parent)) {
    if (before.get(name) === sign) await rm(join(parent, name), { recursive: true, force: true });
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
}
