import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hrtime } from "node:process";
import type { Logger } from "pino";
import { startTimer } from "../lib/async/mod.ts";

/** Interval between signs of life of a folder, in milliseconds. */
const SIGN_OF_LIFE_MS = 10_000;

/** Time without a sign of life after which the process of a folder counts as killed, in milliseconds. */
const ABANDONED_MS = 60_000;

/** File in which a starting process stores its observations of other folders for the next one. */
const SEEN_FILE = ".seen.json";

/** The last sign of life of a folder, and when it was first seen, on the clock since boot. */
interface Seen {
  readonly sign: number;
  readonly sinceMs: number;
}

/** A folder of one node process. Disposal removes it. */
export interface RunFolder extends AsyncDisposable {
  readonly path: string;
}

interface RunFolderOptions {
  readonly parent: string;
  readonly nodeId: string;
  /** Default: one minute. */
  readonly abandonedMs?: number | undefined;
}

/**
 * Creates the folder. Removes those of killed processes: nodes of one machine may share the parent. A process counts as killed when its
 * folder shows no sign of life for a while, observed by this process or since an earlier one: a node that crashes repeatedly never runs
 * that long. The age of a folder is unreliable, because clocks change.
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

/** Removes folders whose last sign of life an earlier process saw long enough ago, and stores observations of the others. */
async function removeSeen(
  { parent, nodeId, abandonedMs }: Required<RunFolderOptions> & { readonly abandonedMs: number },
  lastSigns: Map<string, number>,
): Promise<void> {
  const nowMs = Number(hrtime.bigint() / 1_000_000n);
  const before = await readSeen(parent);
  const seen = new Map<string, Seen>();
  for (const [name, sign] of lastSigns) {
    const known = before.get(name);
    // The clock restarts at boot.
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
    // A SyntaxError: the machine stopped during the write.
    return new Map();
  }
}

/** The last sign of life of each folder, by name. Another node may be cleaning up at the same time. */
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
