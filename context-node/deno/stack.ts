import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";

/** A frame's place, as executors name it. */
const PLACE = /bundle:(sha256:[0-9a-f]+|[\w-]+):(\d+):(\d+)/g;

/** Who fails, and who logs a stack, waits so long for a source map at most. */
const LONGEST_WAIT_MS = 5_000;

/** A source map that could not be had is asked for again so much later: who logs many stacks would wait for each. */
const RETRY_MS = 10_000;

/** Rewrites places in bundles to places in the author's files: Deno applies no source map to modules that come from a blob. */
export interface StackMapper {
  /**
   * Resolves when the source maps of the bundles that are named in the text are at hand, or cannot be had; undefined when that is so by
   * now. Never rejects.
   */
  load(text: string): Promise<void> | undefined;
  /** Of a bundle without source map the places are told in the bundle's lines. */
  map(text: string): string;
}

/** `sourceMaps` are asked when something of their bundle is first to be told. */
export function createStackMapper(sourceMaps: ReadonlyMap<string, () => Promise<string>>): StackMapper {
  /** Undefined for one that could not be had. */
  const maps = new Map<string, TraceMap | undefined>();
  const loads = new Map<string, Promise<void>>();

  async function load(digest: string, read: () => Promise<string>): Promise<void> {
    const map = await readMap(read);
    maps.set(digest, map);
    loads.delete(digest);
    if (map === undefined) setTimeout(() => maps.delete(digest), RETRY_MS).unref();
  }

  function loadOnce(digest: string): Promise<void> | undefined {
    const read = sourceMaps.get(digest);
    if (read === undefined || maps.has(digest)) return undefined;
    const loading = loads.get(digest) ?? load(digest, read);
    loads.set(digest, loading);
    return loading;
  }

  return {
    load(text) {
      if (!text.includes("bundle:")) return undefined;
      const named = new Set(Array.from(text.matchAll(PLACE), ([, digest = ""]) => digest));
      const loading = Array.from(named, loadOnce).filter((each) => each !== undefined);
      return loading.length === 0 ? undefined : Promise.all(loading).then(() => {});
    },
    map(text) {
      if (!text.includes("bundle:")) return text;
      return text.replace(PLACE, (place, digest: string, line: string, column: string) => {
        if (!sourceMaps.has(digest)) return place;
        const map = maps.get(digest);
        const origin = map && originalPositionFor(map, { line: Number(line), column: Number(column) - 1 });
        return origin?.source == null
          ? `bundle.js:${line}:${column}`
          : `${origin.source}:${origin.line}:${origin.column + 1}`;
      });
    },
  };
}

/** Undefined when it cannot be had in time: an error without its lines is better than none. */
async function readMap(read: () => Promise<string>): Promise<TraceMap | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), LONGEST_WAIT_MS);
  try {
    const json = await Promise.race([read(), late.promise]);
    return json === undefined ? undefined : new TraceMap(json);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
