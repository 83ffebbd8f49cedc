import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

/** Where programs that were fetched are kept: in the repository, ignored by git. Nodes look there too. */
export const FETCHED_FOLDER = resolve(import.meta.dirname, "../..", ".hearth", "bin");

/** Has `get` make a program in a folder of its own, and keeps it at `path`. Several processes may do that at the same time. */
export async function keepProgram(path: string, get: (directory: string) => Promise<string>): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(folder, "fetch-"));
  try {
    // A rename is atomic: another process finds none or a whole one.
    await rename(await get(directory), path);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What the program prints for its version; undefined when it cannot be run. Rejects when the signal is aborted. */
export async function versionOf(
  program: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<string | undefined> {
  const { promise, resolve: answer } = Promise.withResolvers<string | undefined>();
  execFile(program, ["--version"], { signal, timeout: 10_000 }, (error, output) => {
    answer(error === null ? output : undefined);
  });
  const version = await promise;
  signal?.throwIfAborted();
  return version;
}

/** Why something could not be fetched: the first lines; `fetch` hides them in its cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const reason = error.cause instanceof Error ? error.cause.message : error.message;
  return reason.trim().split("\n").slice(0, 3).join(" · ");
}
