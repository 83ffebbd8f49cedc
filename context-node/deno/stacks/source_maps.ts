import { Worker } from "node:worker_threads";

/** A position in a file: line and column, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A bundle whose source map is read on demand. */
interface MappedBundle {
  readonly digest: string;
  sourceMap(): Promise<string>;
}

/** Maps positions in bundles to positions in source files. Disposing it ends its thread. */
export interface SourceMaps extends AsyncDisposable {
  /** Resolves to `job.ts:2:44` for each position, or undefined if it has no source; to undefined if the source map is unavailable. Never rejects. */
  locate(bundle: MappedBundle, places: readonly Place[]): Promise<readonly (string | undefined)[] | undefined>;
}

export interface LocateRequest {
  readonly id: number;
  readonly digest: string;
  /** The source map; undefined if the thread may have it cached. */
  readonly json: string | undefined;
  readonly places: readonly Place[];
}

export interface LocateResponse {
  readonly id: number;
  /** Whether the thread does not have the map. */
  readonly isMissing: boolean;
  readonly origins: readonly (string | undefined)[] | undefined;
}

/** Maximum length of a source map, in characters; larger ones are ignored. Half of it takes a second to parse. */
const MAX_MAP_LENGTH = 16 * 1024 * 1024;

/** Heap limit of the thread, in mebibytes: some ten times the size of the largest map. */
const HEAP_MEBIBYTES = 512;

/** Idle time after which the thread ends, in milliseconds. */
const IDLE_MS = 10_000;

/** Parses source maps in a separate thread, because parsing would block all contexts of the node. */
export function createSourceMaps(): SourceMaps {
  const pending = new Map<number, (response: LocateResponse | undefined) => void>();
  let thread: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let last = 0;

  function startThread(): Worker {
    const started = new Worker(new URL("./source_maps_thread.ts", import.meta.url), {
      name: "source-maps",
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES },
    });
    started.unref();
    started.on("message", (response: LocateResponse) => settle(response.id, response));
    // It ran out of memory. Pending requests resolve to undefined; the next request starts another thread.
    started.on("error", () => end(started));
    started.on("exit", () => end(started));
    thread = started;
    return started;
  }

  function end(ended: Worker): void {
    if (thread !== ended) return;
    thread = undefined;
    for (const id of [...pending.keys()]) settle(id, undefined);
  }

  function settle(id: number, response: LocateResponse | undefined): void {
    pending.get(id)?.(response);
    pending.delete(id);
    if (pending.size > 0) return;
    clearTimeout(idle);
    idle = setTimeout(stop, IDLE_MS).unref();
  }

  function stop(): void {
    if (pending.size > 0) return;
    void thread?.terminate();
    thread = undefined;
  }

  function ask(request: Omit<LocateRequest, "id">): Promise<LocateResponse | undefined> {
    const { promise, resolve } = Promise.withResolvers<LocateResponse | undefined>();
    const id = ++last;
    pending.set(id, resolve);
    (thread ?? startThread()).postMessage({ id, ...request } satisfies LocateRequest);
    return promise;
  }

  async function readJson({ sourceMap }: MappedBundle): Promise<string | undefined> {
    try {
      const json = await sourceMap();
      return json.length > MAX_MAP_LENGTH ? undefined : json;
    } catch {
      // An error with unmapped lines is better than no error.
      return undefined;
    }
  }

  return {
    async locate(bundle, places) {
      const { digest } = bundle;
      const response = await ask({ digest, json: undefined, places });
      if (!response?.isMissing) return response?.origins;
      const json = await readJson(bundle);
      return json === undefined ? undefined : (await ask({ digest, json, places }))?.origins;
    },
    async [Symbol.asyncDispose]() {
      const ending = thread;
      if (ending === undefined) return;
      end(ending);
      clearTimeout(idle);
      await ending.terminate();
    },
  };
}
