import { deserialize, serialize } from "node:v8";
import type { CreateOptions, NamedObjects } from "../../hearth.ts";
import { clearTimeout, setTimeout } from "./intrinsics.ts";
import type { ObjectAnswer, ObjectRequest, StoredValue } from "./protocol.ts";
import { createRequests } from "./requests.ts";

type Answer = Exclude<ObjectAnswer, { type: "objectChanged" }>;
type Send = (request: ObjectRequest, transfer?: readonly Transferable[]) => void;

const DEFAULT_TIMEOUT_MS = 60_000;

/** The named objects of the context, as this executor sees them. */
export interface NamedObjectsClient {
  readonly api: NamedObjects;
  receive(answer: ObjectAnswer): void;
}

/** Keeps its own clone of every object that it was handed, until it hears that the object changed. */
export function createNamedObjects(send: Send): NamedObjectsClient {
  const requests = createRequests<Answer>();
  const clones = new Map<string, { readonly version: number; readonly value: unknown }>();
  const ofThisExecutor = createExecutorObjects();

  /** Two may have asked at the same time: both get the clone that was made first. */
  function keep(name: string, version: number, stored: StoredValue): unknown {
    const kept = clones.get(name);
    if (kept?.version === version) return kept.value;
    const value = "bytes" in stored ? deserialize(stored.bytes) : stored.shared;
    clones.set(name, { version, value });
    return value;
  }

  async function put(
    name: string,
    value: unknown,
    { ttlMs, turn }: { ttlMs?: number | undefined; turn?: number | undefined },
  ): Promise<unknown> {
    const { stored, sizeBytes } = store(name, value);
    // What is cloned here is what the other executors will clone; so all jobs get alike values.
    const clone = "bytes" in stored ? deserialize(stored.bytes) : stored.shared;
    const transfer = "bytes" in stored ? [stored.bytes.buffer as ArrayBuffer] : [];
    const answer = await requests.ask((request) =>
      send({ type: "objectPut", request, name, value: stored, sizeBytes, ttlMs, turn }, transfer),
    );
    if (answer.type === "objectValue") return keep(name, answer.version, answer.value);
    if (answer.type === "objectRefused") throw createRefusal(name, { ...answer, sizeBytes });
    if (answer.type === "objectStored") clones.set(name, { version: answer.version, value: clone });
    return clone;
  }

  async function create<T>(name: string, make: () => T | Promise<T>, options: CreateOptions): Promise<unknown> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, ttlMs } = options;
    const answer = await requests.ask((request) => send({ type: "objectAcquire", request, name, timeoutMs }));
    if (answer.type === "objectValue") return keep(name, answer.version, answer.value);
    if (answer.type !== "objectTurn") throw createTimeout(name, timeoutMs);
    const { turn } = answer;
    try {
      return await put(name, await within(make, name, timeoutMs), { ttlMs, turn });
    } catch (error) {
      send({ type: "objectAbandon", name, turn });
      throw error;
    }
  }

  const api: NamedObjects = {
    async get(name) {
      const kept = clones.get(name);
      if (kept !== undefined) return kept.value;
      const answer = await requests.ask((request) => send({ type: "objectGet", request, name: String(name) }));
      return answer.type === "objectValue" ? keep(name, answer.version, answer.value) : undefined;
    },
    // Both scopes answer what `create` made, or a clone of it.
    async getOrElseCreate<T>(name: string, make: () => T | Promise<T>, options: CreateOptions = {}): Promise<T> {
      if (options.scope === "executor") return ofThisExecutor(name, make, options) as Promise<T>;
      const kept = clones.get(name);
      return (kept === undefined ? await create(String(name), make, options) : kept.value) as T;
    },
    async update(name, value) {
      await put(String(name), value, {});
    },
    async forget(name) {
      const answer = await requests.ask((request) => send({ type: "objectForget", request, name: String(name) }));
      return answer.type === "objectForgotten" && answer.existed;
    },
    async list() {
      const answer = await requests.ask((request) => send({ type: "objectList", request }));
      if (answer.type !== "objectNames") return [];
      return answer.objects.map(({ name, sizeBytes, createdAt }) => ({
        name,
        sizeBytes,
        createdAt: new Date(createdAt),
      }));
    },
  };

  return {
    api,
    receive(answer) {
      if (answer.type === "objectChanged") clones.delete(answer.name);
      else requests.answer(answer.request, answer);
    },
  };
}

/** Values of this executor alone, by reference. A creation that fails is forgotten. */
function createExecutorObjects() {
  const values = new Map<string, { readonly value: Promise<unknown>; readonly expiresAt: number }>();
  return function getOrElseCreate<T>(
    name: string,
    make: () => T | Promise<T>,
    { ttlMs = Infinity, timeoutMs = DEFAULT_TIMEOUT_MS }: CreateOptions,
  ): Promise<unknown> {
    const kept = values.get(name);
    if (kept !== undefined && kept.expiresAt > Date.now()) return kept.value;
    const value = within(make, name, timeoutMs);
    const entry = { value, expiresAt: Date.now() + ttlMs };
    values.set(name, entry);
    value.catch(() => {
      if (values.get(name) === entry) values.delete(name);
    });
    return value;
  };
}

async function within<T>(make: () => T | Promise<T>, name: string, timeoutMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(createTimeout(name, timeoutMs)), timeoutMs);
  });
  try {
    return await Promise.race([make(), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function createTimeout(name: string, timeoutMs: number): DOMException {
  return new DOMException(`The named object "${name}" was not created within ${timeoutMs} ms`, "TimeoutError");
}

function createRefusal(
  name: string,
  { sizeBytes, takenBytes, limitBytes }: { sizeBytes: number; takenBytes: number; limitBytes: number },
): DOMException {
  const message = `Cannot keep the named object "${name}": it has ${sizeBytes} bytes, and the others take ${takenBytes} of the ${limitBytes} that the context's setting namedObjectsBytes allows`;
  return new DOMException(message, "QuotaExceededError");
}

function store(name: string, value: unknown): { stored: StoredValue; sizeBytes: number } {
  const sharedBytes = sizeOfShared(value, new Set());
  if (sharedBytes > 0) return { stored: { shared: value }, sizeBytes: sharedBytes };
  try {
    const bytes = new Uint8Array(serialize(value));
    return { stored: { bytes }, sizeBytes: bytes.byteLength };
  } catch (cause) {
    throw new TypeError(
      `Cannot share the named object "${name}": it holds what cannot be cloned, such as a function; use the scope "executor"`,
      { cause },
    );
  }
}

/** Bytes of shared memory in a value; 0 when it has none. */
function sizeOfShared(value: unknown, seen: Set<unknown>): number {
  if (typeof value !== "object" || value === null || seen.has(value)) return 0;
  seen.add(value);
  if (value instanceof SharedArrayBuffer) return value.byteLength;
  if (ArrayBuffer.isView(value)) return sizeOfShared(value.buffer, seen);
  const children = value instanceof Map || value instanceof Set ? [...value].flat() : Object.values(value);
  return children.reduce((sum: number, child) => sum + sizeOfShared(child, seen), 0);
}
