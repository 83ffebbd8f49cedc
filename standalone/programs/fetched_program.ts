import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

/** Folder of downloaded programs: in the repository, ignored by git. Nodes use it too. */
export const FETCHED_FOLDER = resolve(import.meta.dirname, "../..", ".hearth", "bin");

/** Calls `get` with a temporary folder to create a program, and moves it to `path`. Several processes may do so at the same time. */
export async function keepProgram(path: string, get: (directory: string) => Promise<string>): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(folder, "fetch-"));
  try {
    // A rename is atomic: another process finds no file or a complete one.
    await rename(await get(directory), path);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Output of `--version`. Undefined if the program does not run. Rejects if the signal aborts. */
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

/** First lines of the reason of a failed download, which `fetch` puts into the cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const reason = error.cause instanceof Error ? error.cause.message : error.message;
  return reason.trim().split("\n").slice(0, 3).join(" · ");
}
