import type { JobRun } from "../runtime/mod.ts";
import type { SandboxCommand } from "./sandbox/protocol.ts";
import { createStackMapper, type StackMapper } from "./stack.ts";

/** The programs that a sandbox process has. */
export interface Programs {
  /** Undefined when the process has the job's program; else resolves when it was sent, or rejects as the job's `bundle` does. */
  send(job: JobRun): Promise<void> | undefined;
  /** Tells stacks of these programs in their authors' lines. */
  readonly mapStack: StackMapper;
}

export function createPrograms(send: (command: SandboxCommand) => void): Programs {
  /** Undefined once sent. */
  const sends = new Map<string, Promise<void> | undefined>();
  const sourceMaps = new Map<string, () => Promise<string>>();

  async function fetchAndSend({ binaryDigest, bundle }: JobRun): Promise<void> {
    try {
      send({ type: "bundle", digest: binaryDigest, code: await bundle() });
      sends.set(binaryDigest, undefined);
    } catch (error) {
      sends.delete(binaryDigest);
      throw error;
    }
  }

  return {
    send(job) {
      if (sends.has(job.binaryDigest)) return sends.get(job.binaryDigest);
      sourceMaps.set(job.binaryDigest, job.sourceMap);
      const sent = fetchAndSend(job);
      sends.set(job.binaryDigest, sent);
      return sent;
    },
    mapStack: createStackMapper((digest) => sourceMaps.get(digest)?.()),
  };
}
