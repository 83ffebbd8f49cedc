import { deadline } from "../../../lib/async/mod.ts";
import type { SourceMaps } from "./source_maps.ts";

/** Position of a stack frame, as executors write it. */
const PLACE = /bundle:(sha256:[0-9a-f]+|[\w-]+):(\d+):(\d+)/g;

/** Maximum time that a failed job, or a logged stack, waits for a source map, in milliseconds. */
const MAX_WAIT_MS = 5_000;

/** Time until an unavailable source map is requested again, in milliseconds; without it, a job would wait for each stack that it logs. */
const RETRY_MS = 10_000;

/** Maximum number of cached positions, over all programs of a process. */
const MAX_KNOWN = 10_000;

/** Maps positions in bundles to positions in source files. Deno does not apply source maps to modules from a blob. */
export interface StackMapper {
  /** Looks up the positions in the text. Resolves when the lookup is complete; returns undefined if it already is. Never rejects. */
  load(text: string): Promise<void> | undefined;
  /** Replaces the positions in the text. A position that could not be looked up keeps its line in the bundle. */
  map(text: string): string;
}

interface StackMapperDeps {
  readonly locate: SourceMaps["locate"];
  /** Source maps by the digest of their bundle, read on first use. */
  readonly sourceMaps: ReadonlyMap<string, () => Promise<string>>;
}

export function createStackMapper({ locate, sourceMaps }: StackMapperDeps): StackMapper {
  /** Mapped positions, by the position as executors write it. */
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

  /** Starts lookups of unknown positions. Returns all pending lookups, also earlier ones. */
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

/** Resolves to undefined on timeout: an error with unmapped lines is better than no error. */
function withinLimit<T>(found: Promise<T>): Promise<T | undefined> {
  return deadline(found, MAX_WAIT_MS, () => undefined);
}
