import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deadline } from "../../../lib/async/mod.ts";
import type { FileSource, Outcome, Runtime, SandboxEnd } from "../../runtime/mod.ts";
import { NO_FILES, NOOP_OBSERVER, startSandbox, startTestIsolation, startTestRuntime } from "./mod.ts";

/**
 * In the place of Deno: a program that says it is ready, waits for a run, sends what the file `payload` beside it holds, and stays. It stands
 * for a sandbox whose first wall is broken: code of a job that writes to the channel what it likes.
 */
const PROGRAM = `#!/bin/sh
read -r start <&3
echo '[{"type":"ready"}]' >&3
while read -r line <&3; do
  case "$line" in *'"type":"run"'*) cat "\${0%/*}/payload" >&3; [ -e "\${0%/*}/deaf" ] && exec sleep 600 ;; esac
done
`;

/** Sandboxes that send what a test says. Disposing it ends all of them. */
export interface HostileSandboxes extends AsyncDisposable {
  readonly runtime: Runtime;
  /** Starts a sandbox, runs a job in it (run 1, executor 1), and has it send this. Resolves when the job has ended, and ends the sandbox. */
  send(payload: string | Uint8Array, options?: SendOptions): Promise<Sent>;
}

interface SendOptions {
  readonly timeoutMs?: number;
  readonly files?: FileSource;
  /** Reads nothing more after it has sent. */
  readonly isDeaf?: boolean;
}

interface Sent {
  /** Undefined for a job that goes on: nothing that was sent ended it in time. */
  readonly outcome: Outcome | undefined;
  readonly end: SandboxEnd;
}

export async function startHostileSandboxes(): Promise<HostileSandboxes> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.adopt(await mkdtemp(join(tmpdir(), "hearth-forger-")), (path) =>
    rm(path, { recursive: true, force: true }),
  );
  const denoPath = join(folder, "deno");
  await writeFile(denoPath, PROGRAM);
  await chmod(denoPath, 0o700);
  const isolation = stack.use(await startTestIsolation({ mode: "off", deno: denoPath }));
  const runtime = stack.use(await startTestRuntime({ isolation }));
  const owned = stack.move();
  return {
    runtime,
    async send(payload, { timeoutMs = 10_000, files = NO_FILES, isDeaf = false } = {}) {
      await (isDeaf ? writeFile(join(folder, "deaf"), "") : rm(join(folder, "deaf"), { force: true }));
      await writeFile(join(folder, "payload"), payload);
      await using sandbox = await startSandbox(runtime, {}, { files });
      const { outcome } = sandbox.run(
        {
          jobId: randomUUID(),
          binaryDigest: "sha256:0",
          artifact: { type: "module", code: async () => "", sourceMap: async () => "" },
          entryPoint: "job",
          config: "{}",
        },
        NOOP_OBSERVER,
      );
      const ended = await deadline(outcome, timeoutMs, () => undefined);
      // What came with the end may end the sandbox too.
      if (ended?.type !== "lost") await sandbox[Symbol.asyncDispose]();
      return { outcome: ended, end: await sandbox.closed };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
