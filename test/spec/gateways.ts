import { create } from "@bufbuild/protobuf";
import { timestampFromMs, timestampNow } from "@bufbuild/protobuf/wkt";
import { pino } from "pino";
import { createContext } from "../../gateway/contexts/mod.ts";
import type { Core } from "../../gateway/core.ts";
import { openCallbackQueue, openEventStream } from "../../gateway/events/mod.ts";
import { newId } from "../../gateway/ids.ts";
import { cancelJob, submitJob, waitForEnd } from "../../gateway/jobs/mod.ts";
import type { DirectoryObserver, NodeDirectory, NodeSession } from "../../gateway/nodes/mod.ts";
import { createSessionObserver, startReconciler } from "../../gateway/recovery/mod.ts";
import { openState } from "../../gateway/state/mod.ts";
import blobsFs from "../../plugins/blobs-fs/mod.ts";
import type { BlobStore, Dao } from "../../plugins/contract/mod.ts";
import memory from "../../plugins/dao-memory/mod.ts";
import { Context_State, type Job, Job_State, JobError_Reason, JobSpecSchema, Runtime } from "../../proto/mod.ts";
import type { Refusal_Reason } from "../../proto/node.ts";
import { sampleBinary, sampleJob } from "../contract/samples.ts";
import { createTemporaryDirectory } from "../contract/temporary_directory.ts";
import { type JobChange, ScriptedNode } from "./scripted_node.ts";
import type { Command, Step } from "./transcript.ts";

const log = pino({ level: process.env.LOG_LEVEL ?? "silent" });
const signal = new AbortController().signal;
const options = { config: {}, log: { info() {}, warn() {} }, signal };

/** A gateway without its APIs. */
interface Gateway {
  readonly name: string;
  readonly core: Core;
  readonly observer: DirectoryObserver;
}

/** Gateways in this process over one store and a real NATS server, with scripted nodes. */
export class Gateways implements AsyncDisposable {
  readonly #owned = new AsyncDisposableStack();
  readonly #natsUrl: string;
  readonly #dao: Dao;
  readonly #blobs: BlobStore;
  readonly #gateways = new Map<string, Gateway>();
  readonly #nodes = new Map<string, ScriptedNode>();
  /** Ids of jobs and contexts by their names in the transcript, and the reverse. */
  readonly #ids = new Map<string, string>();
  readonly #names = new Map<string, string>();

  /** Calls that were made and may not have returned yet, such as `cancel j`. */
  readonly #calls = new Map<string, Step>();

  private constructor(natsUrl: string, dao: Dao, blobs: BlobStore) {
    this.#natsUrl = natsUrl;
    this.#dao = dao;
    this.#blobs = blobs;
  }

  static async start(natsUrl: string): Promise<Gateways> {
    await using starting = new AsyncDisposableStack();
    const directory = starting.use(await createTemporaryDirectory());
    const dao = starting.use(await memory.start(options));
    const blobs = starting.use(await blobsFs.start({ ...options, config: { path: directory.path } }));
    await dao.binaries.insert(sampleBinary("jobs", 1));
    const gateways = new Gateways(natsUrl, dao, blobs);
    gateways.#owned.use(starting.move());
    return gateways;
  }

  /** The commands of transcripts. */
  readonly commands: Readonly<Record<string, (command: Command) => Promise<Step> | Step>> = {
    gateway: async ({ words: [, name = ""] }) => {
      await this.#startGateway(name);
      return nothing;
    },
    node: ({ words: [, id = ""] }) => {
      const node = new ScriptedNode(id, { nameOf: (each) => this.#names.get(each) ?? "(new)" });
      this.#nodes.set(id, node);
      for (const { name, observer } of this.#gateways.values()) node.connect(name, observer);
      return nothing;
    },
    connect: ({ words: [, node = "", gateway = ""] }) => {
      this.#node(node).connect(gateway, this.#gateway(gateway).observer);
      return nothing;
    },
    disconnect: ({ words: [, node = "", gateway = ""] }) => {
      this.#node(node).disconnect(gateway);
      return nothing;
    },
    kill: ({ words: [, node = ""] }) => {
      this.#node(node).lose({ forgets: true });
      return nothing;
    },
    silence: ({ words: [, node = ""] }) => {
      this.#node(node).lose({ forgets: false });
      return nothing;
    },
    create: async ({ words: [, name = ""], values }) => {
      const wanted = { name, settings: undefined };
      const context = await createContext(this.#gateway(values.at).core, wanted, { signal });
      this.#name(name, context.id);
      return nothing;
    },
    submit: async ({ words: [, name = ""], values }) => {
      const { context = "", attempts = "1" } = values;
      const spec = create(JobSpecSchema, {
        ...{ binary: "jobs", entryPoint: "WordCount", context, maxAttempts: Number(attempts) },
        retryDelay: { seconds: BigInt(values.delay ?? 0), nanos: 10_000_000 },
      });
      const { core } = this.#gateway(values.at);
      const { job } = await submitJob(core, { spec, requestId: "", caller: undefined, signal });
      this.#name(name, job.id);
      return nothing;
    },
    store: async ({ words: [, name = ""], values }) => {
      const { context: contextName = "", attempts = "1" } = values;
      const contextId = this.#id(contextName);
      const id = newId();
      const { name: binary, digest: binaryDigest } = sampleBinary("jobs", 1);
      const places = { id, binary, binaryDigest, contextId, context: contextName, createTime: timestampNow() };
      await this.#dao.jobs.insert(sampleJob(1, { ...places, maxAttempts: Number(attempts) }), Buffer.from("{}"));
      this.#name(name, id);
      return nothing;
    },
    report: ({ words: [, node = "", job = "", type = ""], values }) => {
      const { to = "g1", attempt = "1" } = values;
      this.#node(node).report(to, { jobId: this.#id(job), attempt: Number(attempt) }, eventOf(type));
      return nothing;
    },
    refuse: ({ words: [, node = "", reason = ""] }) => {
      this.#node(node).refuseNext(reason as keyof typeof Refusal_Reason);
      return nothing;
    },
    drop: ({ words: [, node = "", job = ""] }) => {
      this.#node(node).drop(this.#id(job));
      return nothing;
    },
    cancel: ({ words: [, name = ""], values }) => {
      const cancelled = cancelJob(this.#gateway(values.at).core, this.#id(name), { signal });
      this.#calls.set(`cancel ${name}`, settled(cancelled.then(describe)));
      return nothing;
    },
    wait: ({ words: [, name = ""], values }) => {
      const end = waitForEnd(this.#gateway(values.at).core, this.#id(name), { signal });
      this.#calls.set(`wait ${name}`, settled(end.then((ended) => (ended === undefined ? "" : describe(ended.job)))));
      return nothing;
    },
    returned: ({ words: [, ...call] }) => this.#calls.get(call.join(" ")) ?? nothing,
    sent: ({ words: [, id = ""] }) => {
      const lines: string[] = [];
      return () => {
        lines.push(...this.#node(id).takeCommands());
        return lines;
      };
    },
    acknowledged: ({ words: [, id = ""] }) => {
      const lines: string[] = [];
      return () => {
        lines.push(...this.#node(id).takeAcknowledged());
        return lines.toSorted();
      };
    },
    show: ({ words: [, name = ""] }) => {
      const id = this.#id(name);
      return async () => {
        const job = await this.#dao.jobs.get(id);
        if (job !== undefined) return [describe(job)];
        const context = await this.#dao.contexts.get(id);
        return context === undefined ? [] : [`${Context_State[context.state]} on ${context.nodeId}`];
      };
    },
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }

  async #startGateway(name: string): Promise<void> {
    await using starting = new AsyncDisposableStack();
    const events = starting.use(await openEventStream({ url: this.#natsUrl }, { gatewayId: name, log, signal }));
    const queue = await openCallbackQueue(events, { log });
    const { jobs, contexts } = starting.use(openState({ dao: this.#dao, events, queue, log }));
    const observer = createSessionObserver({ dao: this.#dao, blobs: this.#blobs, jobs, contexts, log });
    const parts = { dao: this.#dao, blobs: this.#blobs, events, jobs, contexts, nodes: this.#directory(name) };
    const closing = new AbortController();
    starting.defer(() => closing.abort());
    const unused = { bundler: undefined as never, jars: undefined as never, checkCallbackUrl() {} };
    const settings = { gatewayId: name, log, defaultRuntime: Runtime.DENO, jobConfig: {}, closing: closing.signal };
    const core: Core = { ...parts, ...settings, ...unused };
    starting.use(startReconciler(core));
    this.#gateways.set(name, { name, core, observer });
    this.#owned.use(starting.move());
    for (const node of this.#nodes.values()) if (!node.isLost) node.connect(name, observer);
  }

  /** The nodes as a gateway sees them. */
  #directory(gateway: string): NodeDirectory {
    const nodes = this.#nodes;
    const directory = {
      placementWaitMs: 5000,
      session: (id: string): NodeSession | undefined => nodes.get(id)?.session(gateway),
      sessions: () => [...nodes.values()].map((node) => node.session(gateway)).filter((each) => each !== undefined),
      isLost: (id: string) => nodes.get(id)?.isLost ?? true,
      runtimes: () => [],
      async listen() {},
    };
    return directory as unknown as NodeDirectory;
  }

  #gateway(name = "g1"): Gateway {
    const gateway = this.#gateways.get(name);
    if (gateway === undefined) throw new Error(`No gateway ${name}`);
    return gateway;
  }

  #node(id: string): ScriptedNode {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`No node ${id}`);
    return node;
  }

  #name(name: string, id: string): void {
    this.#ids.set(name, id);
    this.#names.set(id, name);
  }

  #id(name: string): string {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error(`No job or context ${name}`);
    return id;
  }
}

const nothing: Step = () => [];

/** Prints a line once the promise settles. */
function settled(promise: Promise<string>): Step {
  let lines: string[] = [];
  promise.then(
    (line) => {
      lines = [line];
    },
    (error: unknown) => {
      lines = [String(error)];
    },
  );
  return () => lines;
}

function eventOf(type: string): JobChange {
  const error = { reason: JobError_Reason.THROWN, name: "Error", message: "no" };
  switch (type) {
    case "running":
      return { case: "running", value: { executor: 1 } };
    case "succeeded":
      return { case: "succeeded", value: {} };
    case "failed":
      return { case: "failed", value: { error } };
    case "cancelled":
      return { case: "cancelled", value: {} };
    case "retrying":
      return { case: "retrying", value: { error, nextAttemptTime: timestampFromMs(Date.now() + 60_000) } };
    default:
      throw new Error(`A node reports no ${type}`);
  }
}

function describe({ state, attempt, error, nextAttemptTime }: Job): string {
  const waits = nextAttemptTime === undefined ? "" : ", waits for the next attempt";
  const why = error === undefined || error.message === "" ? "" : `: ${error.message}`;
  return `${Job_State[state]}, attempt ${attempt}${waits}${why}`;
}
