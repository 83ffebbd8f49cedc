import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Figures, LoadSpec } from "./spec.ts";

export type { Figures, LoadSpec } from "./spec.ts";

/** Runs a load generator process and resolves to its figures. Rejects if every call failed. */
export async function measure(spec: LoadSpec, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<Figures> {
  const timeout = spec.warmUpMs + spec.durationMs + 30_000;
  const args = [join(import.meta.dirname, "main.ts"), JSON.stringify(spec)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { signal, timeout });
  const figures = JSON.parse(stdout) as Figures;
  if (figures.count === 0 && figures.failures > 0)
    throw new Error(`Every call of ${spec.client} ${spec.url} failed: ${figures.firstFailure}`);
  return figures;
}
