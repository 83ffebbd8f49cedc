import type { JobRun, ModuleArtifact } from "../../runtime/mod.ts";
import type { SandboxCommand } from "../sandbox/messages/protocol.ts";
import type { SourceMaps } from "../stacks/source_maps.ts";
import { createStackMapper, type StackMapper } from "../stacks/stack_mapper.ts";

/** Maximum number of programs that a process caches for its executors; the least recently used is dropped. */
const MAX_KEPT = 64;

/** A run of a JavaScript module. */
export interface ModuleRun extends JobRun {
  readonly artifact: ModuleArtifact;
}

/** Sends programs to a sandbox process, and tracks which it has. */
export interface SentPrograms {
  /** Sends the job's program. Returns undefined if the process has it; else resolves when it was sent, or rejects if `artifact.code()` does. */
  send(job: ModuleRun): Promise<void> | undefined;
  /** Maps stack traces of these programs to their source files. */
  readonly stacks: StackMapper;
}

export function createSentPrograms(
  send: (command: SandboxCommand) => void,
  { locate }: { locate: SourceMaps["locate"] },
): SentPrograms {
  /** By digest, the most recently used last; undefined once the program was sent. */
  const sends = new Map<string, Promise<void> | undefined>();
  const sourceMaps = new Map<string, () => Promise<string>>();

  async function fetchAndSend({ binaryDigest, artifact }: ModuleRun): Promise<void> {
    try {
      send({ type: "bundle", digest: binaryDigest, code: await artifact.code() });
      sends.set(binaryDigest, undefined);
      // After all jobs that waited for this program have loaded it.
      setImmediate(dropOldest);
    } catch (error) {
      sends.delete(binaryDigest);
      throw error;
    }
  }

  function dropOldest(): void {
    for (const [digest, sending] of sends) {
      if (sends.size <= MAX_KEPT) return;
      if (sending !== undefined) continue;
      sends.delete(digest);
      send({ type: "dropBundle", digest });
    }
  }

  return {
    send(job) {
      const { binaryDigest } = job;
      const isKept = sends.has(binaryDigest);
      const sent = isKept ? sends.get(binaryDigest) : fetchAndSend(job);
      sourceMaps.set(binaryDigest, () => job.artifact.sourceMap());
      sends.delete(binaryDigest);
      sends.set(binaryDigest, sent);
      return sent;
    },
    stacks: createStackMapper({ locate, sourceMaps }),
  };
}
