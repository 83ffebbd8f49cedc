import {
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  type StreamConfig,
} from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";

/** Interval between checks while everything exists, in milliseconds. */
const CHECK_INTERVAL_MS = 2000;

/** Interval between checks while something is missing, in milliseconds. */
const REPAIR_INTERVAL_MS = 500;

/** Timeout of a JetStream request, in milliseconds. Requests from before a lost connection get no response. */
const ANSWER_TIMEOUT_MS = 2000;

type KeptStreamConfig = Omit<Partial<StreamConfig>, "subjects"> &
  Pick<StreamConfig, "name"> & { readonly subjects: readonly string[] };
export type KeptConsumerConfig = Partial<ConsumerConfig> & { readonly durable_name: string };

interface KeptConsumer {
  readonly config: KeptConsumerConfig;
  readonly onRemade: () => void;
  /** Time at which the server made it; a different time means a different consumer of the same name. */
  created: string;
  /** Sequence up to which every message was acknowledged when the consumer was last seen. */
  ackFloor: number;
}

interface KeptStream {
  /** Mutable, as the library's types require; it does not write to the lists. */
  readonly config: Partial<StreamConfig> & Pick<StreamConfig, "name">;
  /** Configuration as last seen, with what an operator changed. */
  seen: StreamConfig | undefined;
  /** Time at which the server made it; undefined before it was seen. */
  created: string | undefined;
  consumers: readonly KeptConsumer[];
  readonly remadeListeners: Set<() => void>;
  /** Why it could not be checked or made; undefined while it exists. */
  problem: string | undefined;
}

/**
 * Keeps JetStream streams and their durable consumers in existence: recreates within seconds what an operator deleted, or a server lost with
 * its disk. Never changes what exists. Disposing it stops the checks.
 */
export interface StreamKeeper extends AsyncDisposable {
  /** Creates a stream unless it exists, and keeps it from then on. If this fails, rejects and does not keep the stream. */
  keepStream(config: KeptStreamConfig): Promise<void>;
  /**
   * Makes a durable consumer of a kept stream unless it exists, and keeps it from then on. Calls `onRemade` whenever another consumer has
   * replaced it: its readers must open it again.
   */
  keepConsumer(stream: string, config: KeptConsumerConfig, onRemade: () => void): Promise<void>;
  /** Calls the listener whenever another stream has replaced a kept one. */
  onStreamRemade(stream: string, listener: () => void): Disposable;
  /** Checks all kept streams and consumers and creates missing ones. Resolves after the check, also if it fails; never rejects. */
  check(): Promise<void>;
  /** The connection was lost: nothing is checked until it is back. */
  disconnected(): void;
  /** The connection is back, perhaps with another server or an empty disk. Resolves after a check. */
  reconnected(): Promise<void>;
  /** What is missing or cannot be checked, by its name; empty while everything exists. */
  missing(): string[];
}

interface KeeperDeps {
  readonly nats: NatsConnection;
  readonly log: Pick<Logger, "info" | "warn">;
}

/** Starts a keeper without streams. */
export function startStreamKeeper({ nats, log }: KeeperDeps): StreamKeeper {
  const streams = new Map<string, KeptStream>();
  const manager = jetstreamManager(nats, { checkAPI: false, timeout: ANSWER_TIMEOUT_MS });
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let isConnected = true;
  let running: Promise<void> | undefined;
  let following: Promise<void> | undefined;

  /** Runs one check at a time. A caller during a check waits for the next one, because it may know of a later loss. */
  const check = (): Promise<void> => {
    if (isClosed) return Promise.resolve();
    if (running === undefined) {
      running = checkAll().finally(() => {
        running = undefined;
      });
      return running;
    }
    following ??= running.then(() => {
      following = undefined;
      return check();
    });
    return following;
  };

  const checkAll = async (): Promise<void> => {
    clearTimeout(timer);
    if (isConnected && !nats.isClosed()) {
      const jsm = await manager;
      await Promise.all([...streams.values()].map((stream) => checkStream({ jsm, log }, stream)));
    }
    if (isClosed) return;
    const isWhole = [...streams.values()].every(({ problem }) => problem === undefined);
    timer = setTimeout(() => void check(), isWhole ? CHECK_INTERVAL_MS : REPAIR_INTERVAL_MS);
  };

  timer = setTimeout(() => void check(), CHECK_INTERVAL_MS);

  return {
    async keepStream({ subjects, ...rest }) {
      const config = { ...rest, subjects: [...subjects] };
      const stream: KeptStream = {
        ...{ config, consumers: [], remadeListeners: new Set() },
        ...{ seen: undefined, created: undefined, problem: undefined },
      };
      const jsm = await manager;
      const { info } = await ensureStream(jsm, stream);
      stream.seen = info.config;
      stream.created = info.created;
      streams.set(config.name, stream);
    },
    async keepConsumer(name, config, onRemade) {
      const stream = streams.get(name);
      if (stream === undefined) throw new Error(`The stream ${name} is not kept`);
      const jsm = await manager;
      const { created, ack_floor } = await ensureConsumer(jsm, name, config);
      const others = stream.consumers.filter((kept) => kept.config.durable_name !== config.durable_name);
      stream.consumers = [...others, { config, onRemade, created, ackFloor: ack_floor.stream_seq }];
    },
    onStreamRemade(name, listener) {
      // A new function, because the same listener may be added twice.
      const call = (): void => listener();
      const listeners = streams.get(name)?.remadeListeners;
      listeners?.add(call);
      return { [Symbol.dispose]: () => void listeners?.delete(call) };
    },
    check,
    disconnected() {
      isConnected = false;
    },
    async reconnected() {
      isConnected = true;
      await check();
    },
    missing: () =>
      [...streams.values()].filter(({ problem }) => problem !== undefined).map(({ config }) => `stream ${config.name}`),
    async [Symbol.asyncDispose]() {
      isClosed = true;
      clearTimeout(timer);
      await running;
      await following;
    },
  };
}

interface CheckDeps extends Pick<KeeperDeps, "log"> {
  readonly jsm: JetStreamManager;
}

/** Checks one stream and its consumers. Never rejects: records an error as the stream's problem until a check succeeds. */
async function checkStream({ jsm, log }: CheckDeps, stream: KeptStream): Promise<void> {
  const { name } = stream.config;
  try {
    const { info, isMade } = await ensureStream(jsm, stream);
    if (isMade) log.warn({ stream: name }, "JetStream stream was missing; created it again");
    const isOther = info.created !== stream.created;
    stream.seen = info.config;
    stream.created = info.created;
    const { retention } = info.config;
    for (const consumer of stream.consumers) {
      await checkConsumer({ jsm, log }, { stream: name, consumer, isOther, retention });
    }
    if (stream.problem !== undefined) log.info({ stream: name }, "JetStream stream is available again");
    stream.problem = undefined;
    if (isOther) for (const listener of stream.remadeListeners) listener();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (stream.problem === undefined) log.warn({ stream: name, reason }, "JetStream stream is not available; retrying");
    stream.problem = reason;
  }
}

/** Finds a stream, or creates it with its last known configuration, or the given one. */
async function ensureStream({ streams }: JetStreamManager, { config, seen }: KeptStream) {
  const [found] = await Promise.allSettled([streams.info(config.name)]);
  if (found.status === "fulfilled") return { info: found.value, isMade: false };
  if (!isApiError(found.reason, JetStreamApiCodes.StreamNotFound)) throw found.reason;
  for (const wanted of seen === undefined ? [config] : [seen, config]) {
    const [made] = await Promise.allSettled([streams.add(wanted)]);
    if (made.status === "fulfilled") return { info: made.value, isMade: true };
    if (!(made.reason instanceof JetStreamApiError)) throw made.reason;
    // Another process was faster, with other limits, which stay.
    const [other] = await Promise.allSettled([streams.info(config.name)]);
    if (other.status === "fulfilled") return { info: other.value, isMade: false };
    if (wanted === config) throw made.reason;
  }
  throw new Error(`The stream ${config.name} has no configuration`);
}

/** Finds a consumer, or makes it. The time for acknowledgements follows the configuration; the rest of one that exists stays. */
async function ensureConsumer({ consumers }: JetStreamManager, stream: string, config: KeptConsumerConfig) {
  const { durable_name: name, ack_wait } = config;
  const [found] = await Promise.allSettled([consumers.info(stream, name)]);
  if (found.status === "fulfilled") {
    const isCurrent = ack_wait === undefined || found.value.config.ack_wait === ack_wait;
    return isCurrent ? found.value : consumers.update(stream, name, { ack_wait });
  }
  if (!isApiError(found.reason, JetStreamApiCodes.ConsumerNotFound)) throw found.reason;
  return consumers.add(stream, config);
}

interface ConsumerCheck {
  readonly stream: string;
  readonly consumer: KeptConsumer;
  /** Whether the stream is another one than at the last check. */
  readonly isOther: boolean;
  /** Of the stream. */
  readonly retention: RetentionPolicy;
}

async function checkConsumer({ jsm, log }: CheckDeps, check: ConsumerCheck): Promise<void> {
  const { stream, consumer } = check;
  const { durable_name: name } = consumer.config;
  const [found] = await Promise.allSettled([jsm.consumers.info(stream, name)]);
  if (found.status === "rejected" && !isApiError(found.reason, JetStreamApiCodes.ConsumerNotFound)) throw found.reason;
  const info = found.status === "fulfilled" ? found.value : await makeConsumer(jsm, check);
  if (found.status === "rejected") {
    log.warn({ stream, consumer: name }, "JetStream consumer was missing; created it again");
  }
  const isRemade = info.created !== consumer.created;
  consumer.created = info.created;
  consumer.ackFloor = info.ack_floor.stream_seq;
  if (isRemade) consumer.onRemade();
}

/** Makes a consumer that continues where the lost one was; on a new stream it begins at the first message. */
async function makeConsumer(
  { consumers }: JetStreamManager,
  { stream, consumer, isOther, retention }: ConsumerCheck,
): Promise<ConsumerInfo> {
  const { config, ackFloor } = consumer;
  // What was acknowledged has left a work queue. Its consumers must begin at the first message.
  const isFirst = isOther || ackFloor === 0 || retention === RetentionPolicy.Workqueue;
  const position = isFirst ? {} : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: ackFloor + 1 };
  const [made] = await Promise.allSettled([consumers.add(stream, { ...config, ...position })]);
  if (made.status === "fulfilled") return made.value;
  if (!(made.reason instanceof JetStreamApiError)) throw made.reason;
  // Another process may have been faster and have begun elsewhere.
  const [other] = await Promise.allSettled([consumers.info(stream, config.durable_name)]);
  if (other.status === "fulfilled") return other.value;
  throw isApiError(other.reason, JetStreamApiCodes.ConsumerNotFound) ? made.reason : other.reason;
}

function isApiError(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}
