import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeEach, expect, test } from "vitest";
import type { ContextStore, Dao } from "../../plugins/contract/mod.ts";
import memory from "../../plugins/dao-memory/mod.ts";
import { type Context, Context_State, type Job, Job_State, JobSpecSchema } from "../../proto/mod.ts";
import type { GatewayMessage } from "../../proto/node.ts";
import { sampleBinary } from "../../test/contract/samples.ts";
import { TestPublishing } from "../../test/nats/publishing.ts";
import { log } from "../../test/silent_log.ts";
import type { NodeSession } from "../nodes/mod.ts";
import { type RetryDeps, retryJob } from "../recovery/retry.ts";
import { ContextRegistry, JobRegistry } from "../state/mod.ts";
import { type RunDeps, runJob } from "./run.ts";
import { submitJob } from "./submit.ts";

const spec = create(JobSpecSchema, { binary: "jobs", entryPoint: "WordCount" });
const by = { requestId: "", caller: undefined, signal: new AbortController().signal };

let dao: Dao;
let deps: RetryDeps & RunDeps;
/** Contexts that another gateway created, each just before this one used the same name. */
let rivals: Context[];
let commands: NonNullable<GatewayMessage["message"]>[];

/** A store in which another gateway uses the first name first. */
function withRival(contexts: ContextStore): ContextStore {
  const insert: ContextStore["insert"] = async (context) => {
    if (rivals.length === 0) {
      rivals.push({ ...context, id: "rival", state: Context_State.RUNNING });
      await Promise.all(rivals.map((rival) => contexts.insert(rival)));
    }
    return contexts.insert(context);
  };
  return new Proxy(contexts, {
    get: (store, name) => (name === "insert" ? insert : store[name as keyof ContextStore]),
  });
}

beforeEach(async () => {
  await dao?.[Symbol.asyncDispose]();
  const started = await memory.start({ config: {}, log: { info() {}, warn() {} }, signal: by.signal });
  dao = { ...started, contexts: withRival(started.contexts) };
  await dao.binaries.insert(sampleBinary("jobs", 1));
  rivals = [];
  commands = [];
  const session = {
    nodeId: "n",
    labels: {},
    runtimes: [],
    load: { contexts: {} },
    freeMemoryBytes: 2 ** 40,
    reserve() {},
    release() {},
    // It accepts every command.
    ask(command: NonNullable<GatewayMessage["message"]>) {
      commands.push(command);
      return { given: Promise.resolve(undefined), [Symbol.dispose]() {} };
    },
  } as unknown as NodeSession;
  const nodes = { session: () => session, sessions: () => [session] };
  const jobs = new JobRegistry({ dao, publishing: new TestPublishing(), nodeOf: async () => undefined, log });
  deps = {
    ...{
      dao,
      jobs,
      log,
      nodes,
      contexts: new ContextRegistry({ dao, publishOutbox() {} }),
      jobConfig: {},
      closing: by.signal,
    },
    checkCallbackUrl() {},
    retryClock: { isDue: () => true },
  } as unknown as typeof deps;
});

afterAll(() => dao[Symbol.asyncDispose]());

/** Expects a job in a context of its own, with the same name in the store and on the node. */
async function expectPlaced(id: string): Promise<void> {
  const job = await deps.jobs.get(id);
  const context = await dao.contexts.get(job?.contextId ?? "");
  const [rival] = rivals;
  expect(context?.name).toMatch(/^[0-9a-f]{8}-WordCount$/);
  expect(context?.name).not.toBe(rival?.name);
  expect(job?.context).toBe(context?.name);
  expect((await dao.contexts.find(rival?.name ?? ""))?.id).toBe("rival");
  expect(commands).toMatchObject([
    { $case: "startContext", value: { contextId: context?.id, name: context?.name } },
    { $case: "runJob", value: { jobId: id, contextId: context?.id } },
  ]);
}

test("submitJob() renames the context of the job when an open one has its name", async () => {
  const { job } = await submitJob(deps, { ...by, spec });
  await expectPlaced(job.id);
  expect(await dao.jobs.get(job.id)).toEqual(job);
});

test("runJob() renames the context of the job when an open one has its name", async () => {
  const { job } = await runJob(deps, { ...by, spec, waitMs: 1 });
  await expectPlaced(job.id);
});

test("retryJob() renames the context of the job when an open one has its name", async () => {
  const job = await submitLost();
  await retryJob(deps, job.id);
  expect(await dao.jobs.get(job.id)).toMatchObject({ attempt: 2, state: Job_State.QUEUED });
  await expectPlaced(job.id);
});

test("retryJob() postpones a job while no node has memory for it", async () => {
  const job = await submitLost();
  const [session] = deps.nodes.sessions();
  Object.assign(session ?? {}, { freeMemoryBytes: 0 });
  await retryJob(deps, job.id);
  expect(commands).toEqual([]);
  const putOff = await dao.jobs.get(job.id);
  expect(putOff).toMatchObject({ attempt: 1, state: Job_State.QUEUED });
  expect(Number(putOff?.nextAttemptTime?.seconds)).toBeGreaterThanOrEqual(Math.floor(Date.now() / 1000));
});

/** A job whose context is lost and whose next attempt is due. */
async function submitLost(): Promise<Job> {
  const { job } = await submitJob(deps, { ...by, spec });
  const context = await dao.contexts.get(job.contextId);
  if (context === undefined) throw new Error("the context is not in the store");
  await dao.contexts.update({ ...context, state: Context_State.FAILED, revision: context.revision + 1 });
  rivals.length = 0;
  commands.length = 0;
  await dao.contexts.delete("rival");
  const nextAttemptTime = timestampFromMs(Date.now());
  const waiting = { ...job, maxAttempts: 2, nextAttemptTime };
  await deps.jobs.claim(waiting, { nodeId: "" });
  return job;
}
