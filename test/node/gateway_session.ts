import { type ChannelCredentials, credentials, Metadata, type StatusObject } from "@grpc/grpc-js";
import { PROOF_HEADER } from "../../cluster/mod.ts";
import {
  ContextEvent,
  ContextSettings,
  FINAL_JOB_EVENTS,
  type GatewayMessage,
  HEARTBEAT_INTERVAL_MS,
  JobEvent,
  type NodeMessage,
  type RunJob,
  SessionServiceClient,
  type Welcome,
} from "../../proto/node.ts";
import { BUNDLE, BUNDLE_DIGEST, digestOf, runJob } from "./run_job.ts";

type Sent = NonNullable<GatewayMessage["message"]>;
type Received = NonNullable<NodeMessage["message"]>;

/** What gateways have for nodes: data files by their name. Blobs are made up: see `bundleOf`. */
export interface GatewaySessionOptions {
  readonly gatewayId?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly blobs?: Readonly<Record<string, Uint8Array>>;
  /** Default: none. */
  readonly credentials?: ChannelCredentials;
  /** That it knows the secret; default none. */
  readonly proof?: string;
  /** Whether it sends heartbeats; default true. */
  readonly isAlive?: boolean;
  /** Whether it acknowledges events as they come; default true. */
  readonly acknowledges?: boolean;
}

/** A job's event as it came. */
interface HeardEvent {
  readonly event: JobEvent;
  readonly result: Uint8Array;
  readonly number: number;
  readonly again: boolean;
}

/** The gateway's end of a session over a real connection; it keeps all messages that it receives. */
export class GatewaySession implements AsyncDisposable {
  readonly messages: Received[] = [];
  readonly #jobEvents: HeardEvent[] = [];
  /** Numbers of events that it will acknowledge. */
  #unacknowledged: number[] = [];
  /** Resolves with the status when the session is over. */
  readonly closed: Promise<StatusObject>;
  /** The node's proof, once it has answered; empty when it gave none. */
  readonly proof: Promise<string>;
  readonly #client: SessionServiceClient;
  readonly #stream: ReturnType<SessionServiceClient["open"]>;
  /** Digests by name. */
  readonly #files: Readonly<Record<string, string>>;
  readonly #blobs: Readonly<Record<string, Uint8Array>>;
  readonly #heart: NodeJS.Timeout | undefined;
  readonly #watchers = new Set<() => void>();
  #lastRequestId = 0;

  constructor(address: string, options: GatewaySessionOptions = {}) {
    const contents = Object.entries(options.files ?? {});
    this.#files = Object.fromEntries(contents.map(([name, text]) => [name, digestOf(Buffer.from(text))]));
    const files = contents.map(([, text]) => [digestOf(Buffer.from(text)), Buffer.from(text)]);
    this.#blobs = { [BUNDLE_DIGEST]: BUNDLE, ...Object.fromEntries(files), ...options.blobs };
    this.#client = new SessionServiceClient(address, options.credentials ?? credentials.createInsecure());
    const { gatewayId = "gateway-1", proof } = options;
    const metadata = new Metadata();
    if (proof !== undefined) metadata.set(PROOF_HEADER, proof);
    this.#stream = this.#client.open(metadata);
    const answered = Promise.withResolvers<string>();
    this.proof = answered.promise;
    this.#stream.once("metadata", (answer: Metadata) => answered.resolve(String(answer.get(PROOF_HEADER)[0] ?? "")));
    const closed = Promise.withResolvers<StatusObject>();
    this.closed = closed.promise;
    this.#stream.on("status", (status: StatusObject) => closed.resolve(status));
    this.#stream.on("error", () => {});
    const { acknowledges = true } = options;
    this.#stream.on("data", ({ messages }: { messages: NodeMessage[] }) => {
      for (const { message } of messages) if (message !== undefined) this.#receive(message);
      if (acknowledges) this.acknowledge(this.#unacknowledged);
      this.#unacknowledged = [];
      for (const watcher of this.#watchers) watcher();
    });
    this.send({ $case: "hello", value: { gatewayId, version: "0.0.0" } });
    if (options.isAlive ?? true) {
      this.#heart = setInterval(() => this.send({ $case: "heartbeat", value: {} }), HEARTBEAT_INTERVAL_MS);
    }
  }

  send(...messages: Sent[]): void {
    this.#stream.write({ messages: messages.map((message) => ({ message, requestId: 0 })) });
  }

  /** Acknowledges the events with these numbers. */
  acknowledge(numbers: readonly number[]): void {
    if (numbers.length > 0) this.send({ $case: "acknowledgement", value: { numbers: [...numbers] } });
  }

  /** The events of a job as they came: their numbers, and whether another session had them before. */
  deliveries(jobId: string): { readonly type: string; readonly number: number; readonly again: boolean }[] {
    return this.#jobEvents
      .filter(({ event }) => event.jobId === jobId)
      .map(({ event, number, again }) => ({ type: event.event?.$case ?? "", number, again }));
  }

  /** Polls the function and resolves with its first value that is not undefined. Rejects after thirty seconds. */
  async until<T>(what: string, question: () => T | undefined): Promise<T> {
    const answer = Promise.withResolvers<T>();
    const ask = (): void => {
      const value = question();
      if (value !== undefined) answer.resolve(value);
    };
    this.#watchers.add(ask);
    ask();
    const timer = setTimeout(() => {
      const heard = this.messages.filter(({ $case }) => $case !== "load").map(({ $case }) => $case);
      answer.reject(new Error(`No ${what} in thirty seconds; heard ${heard.join(", ")}`));
    }, 30_000);
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(ask);
    }
  }

  /** The messages of one kind received until now. */
  heard<Case extends Received["$case"]>(kind: Case): Extract<Received, { $case: Case }>["value"][] {
    return this.messages.filter((message) => message.$case === kind).map(({ value }) => value as never);
  }

  welcome(): Promise<Welcome> {
    return this.until("welcome", () => this.heard("welcome")[0]);
  }

  refusal(id: string) {
    return this.until(`refusal of ${id}`, () => this.heard("refusal").find((refusal) => refusal.id === id));
  }

  jobEvents(jobId: string): JobEvent[] {
    return this.#jobEvents.map(({ event }) => event).filter((event) => event.jobId === jobId);
  }

  /** Types of the events of a job, in the order in which they came. */
  story(jobId: string): string[] {
    return this.jobEvents(jobId).map(({ event }) => event?.$case ?? "");
  }

  /** Ids of jobs in the order in which they had this event. */
  jobOrder(kind: JobCase): string[] {
    return this.#jobEvents.flatMap(({ event: { jobId, event } }) => (event?.$case === kind ? [jobId] : []));
  }

  contextStory(contextId: string): string[] {
    return this.contextEvents(contextId).map(({ event }) => event?.$case ?? "");
  }

  contextEvents(contextId: string): ContextEvent[] {
    return this.heard("contextEvent")
      .map(({ event }) => ContextEvent.decode(event))
      .filter((event) => event.contextId === contextId);
  }

  async jobEvent<Case extends JobCase>(
    jobId: string,
    kind: Case,
  ): Promise<Extract<JobHappening, { $case: Case }>["value"]> {
    return this.until(`${kind} of ${jobId}`, () => {
      const found = this.jobEvents(jobId).find(({ event }) => event?.$case === kind);
      return found?.event?.value as never;
    });
  }

  async contextEvent(contextId: string, kind: string): Promise<ContextEvent> {
    return this.until(`${kind} of ${contextId}`, () =>
      this.contextEvents(contextId).find(({ event }) => event?.$case === kind),
    );
  }

  /** The final event of a job, and the JSON of the result that came with it. */
  async final(jobId: string): Promise<{ event: JobHappening; result: unknown }> {
    return this.until(`final event of ${jobId}`, () => {
      for (const { event: heard, result } of this.#jobEvents) {
        const { jobId: id, event } = heard;
        if (id !== jobId || event === undefined || !FINAL.has(event.$case)) continue;
        return { event, result: result.length > 0 ? JSON.parse(Buffer.from(result).toString()) : undefined };
      }
      return undefined;
    });
  }

  /** Starts a context and resolves when it runs. */
  async startContext(
    contextId: string,
    settings: Partial<ContextSettings> = {},
    { adHoc = false } = {},
  ): Promise<void> {
    const value = { contextId, name: contextId, settings: ContextSettings.create(settings), adHoc, firstSeq: 1 };
    this.send({ $case: "startContext", value });
    await this.contextEvent(contextId, "running");
  }

  runJob(command: Partial<RunJob> & Pick<RunJob, "jobId" | "contextId" | "entryPoint">, config: unknown = {}): void {
    this.send(runJob(command, config));
  }

  /** Asks the node for a result. */
  async fetch(digest: string): Promise<Uint8Array> {
    const requestId = ++this.#lastRequestId;
    this.send({ $case: "blobRequest", value: { requestId, blob: { $case: "digest", value: digest } } });
    const chunks = await this.until(`blob ${digest}`, () => {
      const mine = this.heard("blobChunk").filter((chunk) => chunk.requestId === requestId);
      return mine.at(-1)?.last ? mine : undefined;
    });
    const error = chunks.find((chunk) => chunk.error !== "");
    if (error) throw new Error(error.error);
    return Buffer.concat(chunks.map(({ bytes }) => bytes));
  }

  /** Closes the connection without ending the session. */
  break(): void {
    clearInterval(this.#heart);
    this.#stream.cancel();
    this.#client.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#heart);
    this.#stream.end();
    this.#client.close();
  }

  #receive(message: Received): void {
    this.messages.push(message);
    if (message.$case === "jobEvent") {
      const { event, ...how } = message.value;
      this.#jobEvents.push({ event: JobEvent.decode(event), ...how });
    }
    if (message.$case === "jobEvent" || message.$case === "contextEvent") {
      if (message.value.number > 0) this.#unacknowledged.push(message.value.number);
    }
    if (message.$case !== "blobRequest") return;
    const { requestId, blob } = message.value;
    const content = this.#find(blob);
    if (content === undefined) {
      this.send({
        $case: "blobChunk",
        value: { requestId, bytes: new Uint8Array(), mediaType: "", last: true, error: "no such content" },
      });
      return;
    }
    const half = content.length >> 1;
    this.send(
      {
        $case: "blobChunk",
        value: { requestId, bytes: content.subarray(0, half), mediaType: "", last: false, error: "" },
      },
      { $case: "blobChunk", value: { requestId, bytes: content.subarray(half), mediaType: "", last: true, error: "" } },
    );
  }

  #find(blob: Extract<Received, { $case: "blobRequest" }>["value"]["blob"]): Uint8Array | undefined {
    switch (blob?.$case) {
      case "digest":
        return this.#blobs[blob.value];
      case "fileName": {
        const digest = this.#files[blob.value];
        return digest === undefined ? undefined : Buffer.from(digest);
      }
      case "fileNames":
        return Buffer.from(JSON.stringify(Object.keys(this.#files)));
      case "liveResult":
      case undefined:
        return undefined;
      default:
        return blob satisfies never;
    }
  }
}

type JobHappening = NonNullable<JobEvent["event"]>;
type JobCase = JobHappening["$case"];

const FINAL: ReadonlySet<string> = new Set(FINAL_JOB_EVENTS);
