import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";

/** A frame's place, as executors name it. */
const PLACE = /bundle:(sha256:[0-9a-f]+|[\w-]+):(\d+):(\d+)/g;

/** Rewrites places in bundles to places in the author's files. */
export type StackMapper = (stack: string) => Promise<string>;

/**
 * Deno applies no source map to modules that come from a blob, so it is done here. `sourceMapOf` is asked once for each bundle, when
 * something of it first fails; undefined, or a rejection, leaves its frames in the bundle's lines.
 */
export function createStackMapper(sourceMapOf: (digest: string) => Promise<string> | undefined): StackMapper {
  const maps = new Map<string, Promise<TraceMap | undefined>>();

  async function load(digest: string): Promise<TraceMap | undefined> {
    try {
      const json = await sourceMapOf(digest);
      return json === undefined ? undefined : new TraceMap(json);
    } catch {
      // An error without its lines is better than none; the next one asks again.
      maps.delete(digest);
      return undefined;
    }
  }

  function mapOf(digest: string): Promise<TraceMap | undefined> {
    const map = maps.get(digest) ?? load(digest);
    maps.set(digest, map);
    return map;
  }

  return async function mapStack(stack) {
    const digests = new Set(Array.from(stack.matchAll(PLACE), ([, digest = ""]) => digest));
    const known = new Map(
      await Promise.all(Array.from(digests, async (digest) => [digest, await mapOf(digest)] as const)),
    );
    return stack.replace(PLACE, (_place, digest: string, line: string, column: string) => {
      const map = known.get(digest);
      const origin = map && originalPositionFor(map, { line: Number(line), column: Number(column) - 1 });
      return origin?.source == null
        ? `bundle.js:${line}:${column}`
        : `${origin.source}:${origin.line}:${origin.column + 1}`;
    });
  };
}
