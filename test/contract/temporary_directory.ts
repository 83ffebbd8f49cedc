import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new directory, removed when disposed. */
export async function createTemporaryDirectory(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "hearth-test-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}
