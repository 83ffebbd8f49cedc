import type { ExecutorMail, ExecutorMessage } from "../messages/protocol.ts";

/** A number that no job's run has: the node counts from 1. */
const RUN = 0;

const DIGEST = "";

/** Does what most jobs do. */
const PROGRAM = `export const rehearsal = {
  validate: ({ config }) => (config.steps > 0 ? [] : ["no steps"]),
  async run({ config, progress }) {
    progress(1, "done", { steps: config.steps });
    return { steps: config.steps };
  },
};
`;

/**
 * The messages that the first executor of a process gets before there is a context: to load and run a small program of ours. Functions are compiled when
 * they are called first, and the first import takes Deno some milliseconds: the first job need not wait for that. The executor keeps
 * nothing of it that a job could see.
 */
export const REHEARSAL: readonly ExecutorMessage[] = [
  {
    type: "open",
    context: { id: "", name: "", settings: {} },
    permissions: { net: [], secrets: [] },
    env: {},
    objectBytes: 0,
  },
  { type: "bundle", digest: DIGEST, code: PROGRAM },
  { type: "run", run: RUN, jobId: "", digest: DIGEST, entryPoint: "rehearsal", config: '{"steps":1}' },
];

const ENDS: ReadonlySet<string> = new Set(["succeeded", "failed", "rejected", "denied"]);

/** Whether the executor has nothing more to report of it, however it ended. One that crashes ends with its process. */
export function endsRehearsal({ forNode }: ExecutorMail): boolean {
  return forNode.some(({ type }) => ENDS.has(type));
}
