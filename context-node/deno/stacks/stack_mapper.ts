import { deadline } from "../../../lib/async/mod.ts";
import type { SourceMaps } from "./source_maps.ts";

/** A frame's place, as executors name it. */
const PLACE = /bundle:(sha256:[0-9a-f]+|[\w-]+):(\d+):(\d+)/g;

/** A job that fails, or logs a stack, waits so long for a source map at most. */
const MAX_WAIT_MS = 5_000;

/** A source map that could not be had is asked for again so much later: a job that logs many stacks would wait for each. */
const RETRY_MS = 10_000;

/** Places that are remembered, of all programs of a process. */
const MAX_KNOWN = 10_000;

/** Rewrites places in bundles to places in the author's files: Deno applies no source map to modules that come from a blob. */
export interface StackMapper {
  /**
   * Resolves when the places in the text are known, or cannot be known; undefined when that is so by now. Never rejects.
   */
  load(text: string): Promise<void> | undefined;
  /** Places that are not known are given in the bundle's lines. */
  map(text: string): string;
}

interface StackMapperDeps {
  readonly locate: SourceMaps["locate"];
  /** By the digest of their bundle; read when one of its places is first needed. */
  readonly sourceMaps: ReadonlyMap<string, () => Promise<string>>;
}

export function createStackMapper({ locate, sourceMaps }: StackMapperDeps): StackMapper {
  /** By the place as executors name it. */
  const known = new Map<string, string>();
  const loads = new Map<string, Promise<void>>();

  async function locatePlaces(
    digest: string,
    sourceMap: () => Promise<string>,
    names: readonly string[],
  ): Promise<void> {
    const places = names.map((name) => {
      const [column = 0, line = 0] = name.split(":").reverse().map(Number);
      return { line, column };
    });
    const origins = await withinLimit(locate({ digest, sourceMap }, places));
    for (const [index, name] of names.entries()) {
      const { line, column } = places[index] ?? { line: 0, column: 0 };
      known.set(name, origins?.[index] ?? `bundle.js:${line}:${column}`);
      loads.delete(name);
    }
    if (origins === undefined) setTimeout(forget, RETRY_MS, names).unref();
  }

  function forget(names: readonly string[]): void {
    for (const name of names) known.delete(name);
  }

  /** Starts to learn the places that are not known. Answers all that is being learned of them. */
  function locateAll(named: Iterable<RegExpMatchArray>): Set<Promise<void>> {
    const loading = new Set<Promise<void>>();
    const unknown = new Map<string, Set<string>>();
    for (const [name, digest = ""] of named) {
      if (known.has(name) || !sourceMaps.has(digest)) continue;
      const earlier = loads.get(name);
      if (earlier !== undefined) loading.add(earlier);
      else unknown.set(digest, (unknown.get(digest) ?? new Set()).add(name));
    }
    for (const [digest, names] of unknown) {
      const sourceMap = sourceMaps.get(digest);
      if (sourceMap === undefined) continue;
      const load = locatePlaces(digest, sourceMap, [...names]);
      loading.add(load);
      for (const name of names) loads.set(name, load);
    }
    return loading;
  }

  return {
    load(text) {
      if (!text.includes("bundle:")) return undefined;
      if (known.size > MAX_KNOWN) known.clear();
      const loading = locateAll(text.matchAll(PLACE));
      return loading.size === 0 ? undefined : Promise.all(loading).then(() => {});
    },
    map(text) {
      if (!text.includes("bundle:")) return text;
      return text.replace(PLACE, (name, digest: string, line: string, column: string) =>
        sourceMaps.has(digest) ? (known.get(name) ?? `bundle.js:${line}:${column}`) : name,
      );
    },
  };
}

/** Undefined when it is late: an error without its lines is better than none. */
function withinLimit<T>(found: Promise<T>): Promise<T | undefined> {
  return deadline(found, MAX_WAIT_MS, () => undefined);
}
