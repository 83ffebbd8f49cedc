import type { Runtime, Sandbox, SandboxSpec } from "../runtime/mod.ts";

/** Starts a sandbox, or answers why it did not start: its context survives that. */
export async function startSandbox(
  runtime: Runtime,
  spec: SandboxSpec,
  { signal }: { signal: AbortSignal },
): Promise<Sandbox | Error> {
  try {
    return await runtime.startSandbox(spec, { signal });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
