import { Worker } from "node:worker_threads";

/** A place in a file: its line and its column, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A bundle whose source map is read when it is needed. */
interface MappedBundle {
  readonly digest: string;
  sourceMap(): Promise<string>;
}

/** Finds places of bundles in the files of their authors. Disposing it ends its thread. */
export interface SourceMaps extends AsyncDisposable {
  /** `job.ts:2:44` for each place, undefined for one that is of no file; or undefined when the source map cannot be had. Never rejects. */
  locate(bundle: MappedBundle, places: readonly Place[]): Promise<readonly (string | undefined)[] | undefined>;
}

export interface LocateRequest {
  readonly id: number;
  readonly digest: string;
  /** The source map; absent where the thread may have it. */
  readonly json: string | undefined;
  readonly places: readonly Place[];
}

export interface LocateResponse {
  readonly id: number;
  /** The thread does not have the map. */
  readonly isMissing: boolean;
  readonly origins: readonly (string | undefined)[] | undefined;
}

/** Larger maps are not read, in characters: half of this takes a second. */
const MAX_MAP_LENGTH = 16 * 1024 * 1024;

/** Memory of the thread: some ten times the largest map. */
const HEAP_MEBIBYTES = 512;

/** The thread ends when it had nothing to do for so long. */
const IDLE_MS = 10_000;

/** Reads source maps in a thread of its own, because reading one would hold up all contexts of the node. */
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
    // It ran out of memory. What it was asked is not known; the next question starts another.
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
      // An error without its lines is better than none.
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
