import type { Runtime, Sandbox, SandboxSpec } from "../runtime/mod.ts";

/** Starts a sandbox, or returns the reason why it did not start: the context survives that. */
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
