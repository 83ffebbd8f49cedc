import type { ExecutorMail, ExecutorMessage } from "../messages/protocol.ts";

/** Run number of the rehearsal. The node numbers runs from 1. */
const RUN = 0;

const DIGEST = "";

/** A program that uses what most jobs use. */
const PROGRAM = `export const rehearsal = {
  validate: ({ config }) => (config.steps > 0 ? [] : ["no steps"]),
  async run({ config, progress }) {
    progress(1, "done", { steps: config.steps });
    return { steps: config.steps };
  },
};
`;

/**
 * Messages that the first executor of a process gets before there is a context: they load and run a small program. V8 compiles functions on their
 * first call, and the first import takes Deno some milliseconds; the first job does not have to wait for either. The executor keeps nothing of
 * the rehearsal that a job could see.
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

/** Whether the mail contains the final report of the rehearsal. If the executor crashes instead, its process ends. */
export function endsRehearsal({ forNode }: ExecutorMail): boolean {
  return forNode.some(({ type }) => ENDS.has(type));
}
