import { deserialize, serialize } from "node:v8";
import type { CreateOptions, NamedObjects } from "../../../hearth.ts";
import {
  freeze,
  mapDelete,
  mapGet,
  mapSet,
  NativeDate,
  NativeDOMException,
  NativeMap,
  NativeTypeError,
  NativeUint8Array,
  own,
  push,
  setBytes,
  slice,
} from "../confinement/primordials.ts";
import { MAX_NAME_LENGTH, MAX_OBJECTS } from "../messages/bounds.ts";
import type { ObjectRequest, ObjectResponse, StoredValue } from "../messages/protocol.ts";
import { createRequests } from "../messages/requests.ts";
import { describeKind, plainText } from "../runs/value_text.ts";
import { createExecutorObjects, createTimeout, timeoutOf, within } from "./executor_objects.ts";
import { sizeOfShared } from "./shared_memory.ts";

type Response = Exclude<ObjectResponse, { type: "objectChanged" }>;
type Send = (request: ObjectRequest, transfer?: ArrayBuffer) => void;

/** The named objects of the context, as this executor sees them. */
export interface NamedObjectsClient {
  readonly api: NamedObjects;
  receive(response: ObjectResponse): void;
}

const cloneShared: (value: unknown) => unknown = structuredClone;

/** Keeps its own clone of every object that it was handed, until it hears that the object changed. */
export function createNamedObjects(send: Send): NamedObjectsClient {
  const requests = createRequests<Response>();
  const clones = new NativeMap<string, { readonly version: number; readonly value: unknown }>();
  const ofThisExecutor = createExecutorObjects();

  /** Two may have asked at the same time: both get the clone that was made first. */
  function keep(name: string, version: number, stored: StoredValue): unknown {
    const kept = mapGet(clones, name);
    if (kept?.version === version) return kept.value;
    const value = clone(stored);
    mapSet(clones, name, { version, value });
    return value;
  }

  async function put(
    name: string,
    value: unknown,
    { ttlMs, turn }: { ttlMs?: number | undefined; turn?: number | undefined },
  ): Promise<Box> {
    checkName(name);
    const { stored, sizeBytes } = store(name, value);
    // What is cloned here is what the other executors will clone; so all jobs get alike values.
    const cloned = clone(stored);
    const transfer = "bytes" in stored ? stored.bytes : undefined;
    const response = await requests.ask((request) =>
      send({ type: "objectPut", request, name, value: stored, sizeBytes, ttlMs, turn }, transfer),
    );
    if (response.type === "objectValue") return { value: keep(name, response.version, response.value) };
    if (response.type === "objectsFull") throw createFull(name);
    if (response.type === "objectRefused") {
      throw createRefusal(name, { sizeBytes, takenBytes: response.takenBytes, limitBytes: response.limitBytes });
    }
    if (response.type === "objectStored") mapSet(clones, name, { version: response.version, value: cloned });
    return { value: cloned };
  }

  async function create<T>(name: string, make: () => T | Promise<T>, options: CreateOptions): Promise<Box> {
    const { ttlMs } = options;
    const timeoutMs = timeoutOf(name, options.timeoutMs);
    const response = await requests.ask((request) => send({ type: "objectAcquire", request, name, timeoutMs }));
    if (response.type === "objectValue") return { value: keep(name, response.version, response.value) };
    if (response.type !== "objectTurn") throw createTimeout(name, timeoutMs);
    const { turn } = response;
    try {
      return await own(put(name, await within(make, name, timeoutMs), { ttlMs, turn }));
    } catch (error) {
      send({ type: "objectAbandon", name, turn });
      throw error;
    }
  }

  const api: NamedObjects = {
    async get(given) {
      const name = nameOf(given);
      const kept = mapGet(clones, name);
      if (kept !== undefined) return kept.value;
      const response = await requests.ask((request) => send({ type: "objectGet", request, name }));
      return response.type === "objectValue" ? keep(name, response.version, response.value) : undefined;
    },
    // Both scopes answer what `create` made, or a clone of it.
    async getOrElseCreate<T>(given: string, make: () => T | Promise<T>, options: CreateOptions = {}): Promise<T> {
      const name = nameOf(given);
      checkName(name);
      if (typeof make !== "function")
        throw unkeepable(name, `what creates it is ${describeKind(make)}, not a function`);
      const read = readOptions(name, options);
      if (read.scope === "executor") return (await ofThisExecutor(name, make, read)) as T;
      const kept = mapGet(clones, name) ?? (await own(create(name, make, read)));
      return kept.value as T;
    },
    async update(name, value) {
      await own(put(nameOf(name), value, {}));
    },
    async forget(name) {
      const forgotten = nameOf(name);
      const response = await requests.ask((request) => send({ type: "objectForget", request, name: forgotten }));
      return response.type === "objectForgotten" && response.existed;
    },
    async list() {
      const response = await requests.ask((request) => send({ type: "objectList", request }));
      const views: { name: string; sizeBytes: number; createdAt: Date }[] = [];
      if (response.type !== "objectNames") return views;
      for (let index = 0; index < response.objects.length; index++) {
        const view = response.objects[index];
        if (view === undefined) continue;
        push(views, { name: view.name, sizeBytes: view.sizeBytes, createdAt: new NativeDate(view.createdAt) });
      }
      return views;
    },
  };

  return {
    api: freeze(api),
    receive(response) {
      if (response.type === "objectChanged") mapDelete(clones, response.name);
      else requests.settle(response.request, response);
    },
  };
}

/** Keeps a value of a job from being taken for a promise when a promise of ours resolves to it. */
interface Box {
  readonly value: unknown;
}

function clone(stored: StoredValue): unknown {
  return "bytes" in stored ? deserialize(new NativeUint8Array(stored.bytes)) : mapGet(stored.shared, "value");
}

function createRefusal(
  name: string,
  { sizeBytes, takenBytes, limitBytes }: { sizeBytes: number; takenBytes: number; limitBytes: number },
): DOMException {
  const message = `Cannot keep the named object "${name}": it has ${sizeBytes} bytes, and the others take ${takenBytes} of the ${limitBytes} that the context's setting namedObjectsBytes allows`;
  return new NativeDOMException(message, "QuotaExceededError");
}

function store(name: string, value: unknown): { stored: StoredValue; sizeBytes: number } {
  try {
    const sharedBytes = sizeOfShared(value);
    if (sharedBytes > 0) {
      const shared = new NativeMap<"value", unknown>();
      // A clone has the same shared memory, and nothing that fails when it is sent along with the messages of other jobs.
      mapSet(shared, "value", cloneShared(value));
      return { stored: { shared }, sizeBytes: sharedBytes };
    }
    const serialized = serialize(value);
    const bytes = new NativeUint8Array(serialized.byteLength);
    setBytes(bytes, serialized, 0);
    return { stored: { bytes: bytes.buffer }, sizeBytes: bytes.byteLength };
  } catch (cause) {
    throw new NativeTypeError(
      `Cannot share the named object "${name}": it holds what cannot be cloned, such as a function; use the scope "executor"`,
      { cause },
    );
  }
}

function checkName(name: string): void {
  if (name.length <= MAX_NAME_LENGTH) return;
  throw new NativeTypeError(
    `Cannot keep the named object "${slice(name, 0, 32)}…": its name has ${name.length} characters; at most ${MAX_NAME_LENGTH} are taken`,
  );
}

function nameOf(given: unknown): string {
  const name = plainText(given);
  if (name !== undefined) return name;
  throw new NativeTypeError(`Cannot use a named object: its name is ${describeKind(given)}, not a string`);
}

/** The options, each read once. */
function readOptions(name: string, options: unknown): CreateOptions {
  if (typeof options !== "object" || options === null)
    throw unkeepable(name, `its options are ${describeKind(options)}, not an object`);
  const { ttlMs, timeoutMs, scope } = options as CreateOptions;
  if (ttlMs !== undefined && !(typeof ttlMs === "number" && ttlMs >= 0))
    throw unkeepable(name, `its ttlMs is ${describeKind(ttlMs)}, not a number of milliseconds`);
  if (scope !== undefined && scope !== "context" && scope !== "executor")
    throw unkeepable(name, `its scope is ${describeKind(scope)}, neither "context" nor "executor"`);
  return { ttlMs, timeoutMs, scope };
}

function unkeepable(name: string, why: string): TypeError {
  return new NativeTypeError(`Cannot keep the named object "${name}": ${why}`);
}

function createFull(name: string): DOMException {
  const message = `Cannot keep the named object "${name}": the context has ${MAX_OBJECTS} named objects, as many as it may`;
  return new NativeDOMException(message, "QuotaExceededError");
}
