import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hrtime } from "node:process";
import type { Logger } from "pino";
import { startTimer } from "../lib/async/mod.ts";

/** How often a process shows that it still uses its folder, in milliseconds. */
const SIGN_OF_LIFE_MS = 10_000;

/** A folder without a sign of life for this time is that of a process that was killed, in milliseconds. */
const ABANDONED_MS = 60_000;

/** Name of the file in which a process that starts keeps what it sees of the other folders, for the next one. */
const SEEN_FILE = ".seen.json";

/** The last sign of life of a folder, and since when it is the last, by the clock that runs since the machine started. */
interface Seen {
  readonly sign: number;
  readonly sinceMs: number;
}

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
 * Makes the folder. Removes those of processes that were killed: nodes of one machine may share the parent. A folder counts as one when it
 * shows no sign of life for a while, in which this process runs, or which began when an earlier one saw it: a node that crashes again and
 * again never runs that long. The age of the folder is of no use, as the clock may leap.
 */
export async function openRunFolder(
  { log }: { log: Pick<Logger, "warn"> },
  { parent, nodeId, abandonedMs = ABANDONED_MS }: RunFolderOptions,
): Promise<RunFolder> {
  const path = join(parent, nodeId);
  await mkdir(path, { recursive: true });
  const lastSigns = await readSigns(parent);
  lastSigns.delete(nodeId);

  let work = removeSeen({ parent, nodeId, abandonedMs }, lastSigns).catch(report(CANNOT_REMOVE));
  const sweep = startTimer(abandonedMs, () => {
    work = work.then(() => removeSilent(parent, lastSigns)).catch(report(CANNOT_REMOVE));
  });
  const signs = setInterval(() => {
    work = work.then(() => touch(path)).catch(report("a folder in use looks abandoned"));
  }, SIGN_OF_LIFE_MS);
  await work;
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

const CANNOT_REMOVE = "cannot remove the folder of a killed process";

/** Removes folders whose last sign of life an earlier process saw long enough ago, and keeps what is seen of the others. */
async function removeSeen(
  { parent, nodeId, abandonedMs }: Required<RunFolderOptions> & { readonly abandonedMs: number },
  lastSigns: Map<string, number>,
): Promise<void> {
  const nowMs = Number(hrtime.bigint() / 1_000_000n);
  const before = await readSeen(parent);
  const seen = new Map<string, Seen>();
  for (const [name, sign] of lastSigns) {
    const known = before.get(name);
    // The clock begins anew when the machine does.
    const isKnown = known !== undefined && known.sign === sign && known.sinceMs <= nowMs;
    const sinceMs = isKnown ? known.sinceMs : nowMs;
    if (nowMs - sinceMs >= abandonedMs) await rm(join(parent, name), { recursive: true, force: true });
    else seen.set(name, { sign, sinceMs });
  }
  const file = join(parent, SEEN_FILE);
  if (seen.size === 0) return await rm(file, { force: true });
  const draft = `${file}.${nodeId}`;
  await writeFile(draft, JSON.stringify(Object.fromEntries(seen)), { mode: 0o600 });
  await rename(draft, file);
}

async function readSeen(parent: string): Promise<ReadonlyMap<string, Seen>> {
  if (!(await readdir(parent)).includes(SEEN_FILE)) return new Map();
  const text = await readFile(join(parent, SEEN_FILE), "utf8");
  try {
    return new Map(Object.entries((JSON.parse(text) ?? {}) as Record<string, Seen>));
  } catch {
    // A SyntaxError: the machine went down while it was written.
    return new Map();
  }
}

/** The last sign of life of each folder, by name. Another node may be tidying up at the same time. */
async function readSigns(parent: string): Promise<Map<string, number>> {
  const signs = new Map<string, number>();
  for (const name of await readdir(parent)) {
    if (name === SEEN_FILE) continue;
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
