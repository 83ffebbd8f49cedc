import type { JobRun, ModuleArtifact } from "../../runtime/mod.ts";
import type { SandboxCommand } from "../sandbox/messages/protocol.ts";
import type { SourceMaps } from "../stacks/source_maps.ts";
import { createStackMapper, type StackMapper } from "../stacks/stack_mapper.ts";

/** SentPrograms that a process keeps at hand for its executors: those that were asked for last. */
const MAX_KEPT = 64;

/** A run of a module. */
export interface ModuleRun extends JobRun {
  readonly artifact: ModuleArtifact;
}

/** The programs that a sandbox process has. */
export interface SentPrograms {
  /** Undefined when the process has the job's program; else resolves when it was sent, or rejects as the `code` of its artifact does. */
  send(job: ModuleRun): Promise<void> | undefined;
  /** Rewrites stacks of these programs to the lines of their authors. */
  readonly stacks: StackMapper;
}

export function createSentPrograms(
  send: (command: SandboxCommand) => void,
  { locate }: { locate: SourceMaps["locate"] },
): SentPrograms {
  /** Undefined once sent; by digest, the one that was asked for last at the end. */
  const sends = new Map<string, Promise<void> | undefined>();
  const sourceMaps = new Map<string, () => Promise<string>>();

  async function fetchAndSend({ binaryDigest, artifact }: ModuleRun): Promise<void> {
    try {
      send({ type: "bundle", digest: binaryDigest, code: await artifact.code() });
      sends.set(binaryDigest, undefined);
      // When all who waited for it have had it loaded.
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
