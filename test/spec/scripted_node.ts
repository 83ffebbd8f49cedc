import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import type { DirectoryObserver, NodeSession } from "../../gateway/nodes/mod.ts";
import { ContextEventSchema, JobEventSchema } from "../../proto/mod.ts";
import { type GatewayMessage, type Refusal, Refusal_Reason } from "../../proto/node.ts";

/** What a node reports of a job. */
export type JobChange = NonNullable<MessageInitShape<typeof JobEventSchema>["event"]>;

type Sent = NonNullable<GatewayMessage["message"]>;

/** Names of jobs and contexts in a transcript, for their ids. */
export interface Names {
  nameOf(id: string): string;
}

interface HeldJob {
  readonly contextId: string;
  lastSeq: number;
}

interface OpenSession {
  readonly observer: DirectoryObserver;
  readonly session: NodeSession & { isOver: boolean };
}

/** A context node as transcripts script it: it starts every context, takes every job, and reports what the transcript says. */
export class ScriptedNode {
  readonly id: string;
  readonly #names: Names;
  /** Commands that gateways sent, in order, until they are printed. */
  readonly #commands: (() => string)[] = [];
  /** Events that gateways acknowledged, until they are printed. */
  readonly #acknowledged: string[] = [];
  /** By the number of the event. */
  readonly #unacknowledged = new Map<number, string>();
  readonly #contextIds = new Set<string>();
  /** By `<job id>/<attempt>`. */
  readonly #jobs = new Map<string, HeldJob>();
  readonly #sessions = new Map<string, OpenSession>();
  #lastNumber = 0;
  #refusal: keyof typeof Refusal_Reason | undefined;
  isLost = false;

  constructor(id: string, names: Names) {
    this.id = id;
    this.#names = names;
  }

  /** Opens a session with a gateway. */
  connect(gateway: string, observer: DirectoryObserver): void {
    this.isLost = false;
    const session = this.#createSession(gateway);
    this.#sessions.set(gateway, { observer, session });
    observer.opened(session);
  }

  /** Ends the session with a gateway. */
  disconnect(gateway: string): void {
    const open = this.#sessions.get(gateway);
    this.#sessions.delete(gateway);
    if (open === undefined) return;
    open.session.isOver = true;
    open.observer.closed(open.session);
  }

  /** Dies: its sessions end, its heartbeats stop, and its contexts and jobs are gone unless it only seems dead. */
  lose({ forgets }: { readonly forgets: boolean }): void {
    this.isLost = true;
    if (forgets) {
      this.#contextIds.clear();
      this.#jobs.clear();
    }
    for (const gateway of [...this.#sessions.keys()]) this.disconnect(gateway);
  }

  session(gateway: string): NodeSession | undefined {
    return this.#sessions.get(gateway)?.session;
  }

  /** Refuses the next job. */
  refuseNext(reason: keyof typeof Refusal_Reason): void {
    this.#refusal = reason;
  }

  /** Drops a job as if its process had died with it. */
  drop(jobId: string): void {
    for (const key of this.#jobs.keys()) if (key.startsWith(`${jobId}/`)) this.#jobs.delete(key);
  }

  /** Holds a context that a gateway stored. */
  hold(contextId: string): void {
    this.#contextIds.add(contextId);
  }

  /** Reports an event of an attempt to a gateway. */
  report(
    gateway: string,
    { jobId, attempt }: { readonly jobId: string; readonly attempt: number },
    event: JobChange,
  ): void {
    const key = `${jobId}/${attempt}`;
    const job = this.#jobs.get(key);
    const open = this.#sessions.get(gateway);
    if (job === undefined || open === undefined) throw new Error(`${this.id} does not hold ${key}, or has no session`);
    const seq = ++job.lastSeq;
    const message = create(JobEventSchema, {
      ...{ jobId, attempt, seq, time: timestampNow(), contextId: job.contextId, nodeId: this.id },
      event,
    });
    const number = ++this.#lastNumber;
    this.#unacknowledged.set(number, `${this.#names.nameOf(jobId)}/${attempt} ${event.case}`);
    const record = { event: toBinary(JobEventSchema, message), result: new Uint8Array(), number, again: false };
    open.observer.jobEvent(open.session, record);
  }

  /** The commands that gateways sent since this was last called, in order. */
  takeCommands(): string[] {
    return this.#commands.splice(0).map((print) => print());
  }

  /** The events that gateways acknowledged since this was last called. */
  takeAcknowledged(): string[] {
    return this.#acknowledged.splice(0);
  }

  #createSession(gateway: string): OpenSession["session"] {
    const session = {
      nodeId: this.id,
      labels: {},
      runtimes: [],
      load: { node: undefined, contexts: {}, draining: false },
      freeMemoryBytes: 2 ** 40,
      isOver: false,
      contextIdsAtOpening: [...this.#contextIds],
      reserve() {},
      release() {},
      send: (command: Sent) => void this.#take(gateway, command),
      ask: (command: Sent) => ({ given: this.#answer(command, this.#take(gateway, command)), [Symbol.dispose]() {} }),
      acknowledge: (number: number) => {
        const event = this.#unacknowledged.get(number);
        if (event !== undefined) this.#acknowledged.push(event);
        this.#unacknowledged.delete(number);
      },
      findMissing: async ({ contextIds, jobs }: Parameters<NodeSession["findMissing"]>[0]) => {
        const missing = contextIds.filter((id) => !this.#contextIds.has(id));
        const missingJobs = jobs.filter(({ jobId, attempt }) => !this.#jobs.has(`${jobId}/${attempt}`));
        return new Set([...missing, ...missingJobs.map(({ jobId }) => jobId)]);
      },
    };
    return session as unknown as OpenSession["session"];
  }

  /** Nodes confirm jobs; they answer other commands with events alone. */
  #answer({ $case }: Sent, refusal: Refusal | undefined): Promise<Refusal | undefined> {
    return $case === "runJob" || refusal !== undefined ? Promise.resolve(refusal) : new Promise(() => {});
  }

  #take(gateway: string, command: Sent): Refusal | undefined {
    switch (command.$case) {
      case "startContext": {
        const { contextId, firstSeq } = command.value;
        this.#commands.push(() => `startContext ${this.#names.nameOf(contextId)}`);
        this.#contextIds.add(contextId);
        queueMicrotask(() => this.#reportRunning(gateway, contextId, firstSeq));
        return undefined;
      }
      case "runJob": {
        const { jobId, attempt, contextId, firstSeq } = command.value;
        const refused = this.#refusal;
        this.#refusal = undefined;
        const why = refused === undefined ? "" : `: refused, ${refused}`;
        this.#commands.push(() => `runJob ${this.#names.nameOf(jobId)}/${attempt}${why}`);
        if (refused !== undefined) return { id: jobId, reason: Refusal_Reason[refused], message: refused };
        this.#jobs.set(`${jobId}/${attempt}`, { contextId, lastSeq: firstSeq - 1 });
        return undefined;
      }
      case "cancelJob":
        this.#commands.push(() => `cancelJob ${this.#names.nameOf(command.value.jobId)}`);
        return undefined;
      case "stopContext":
        this.#commands.push(() => `stopContext ${this.#names.nameOf(command.value.contextId)}`);
        this.#contextIds.delete(command.value.contextId);
        return undefined;
      default:
        throw new Error(`A transcript has no ${command.$case}`);
    }
  }

  #reportRunning(gateway: string, contextId: string, seq: number): void {
    const open = this.#sessions.get(gateway);
    if (open === undefined) return;
    const event = create(ContextEventSchema, {
      ...{ contextId, seq, time: timestampNow(), nodeId: this.id },
      event: { case: "running", value: {} },
    });
    const number = ++this.#lastNumber;
    open.observer.contextEvent(open.session, { event: toBinary(ContextEventSchema, event), number });
  }
}
