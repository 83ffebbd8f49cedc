import {
  hasOwn,
  indexOf,
  lastIndexOf,
  mapDelete,
  mapGet,
  mapSet,
  NativeBlob,
  NativeError,
  NativeMap,
  own,
  parse,
  pattern,
  sequenceOf,
  slice,
} from "../confinement/primordials.ts";

/** The programs of this executor. */
export interface Bundles {
  add(digest: string, code: string): void;
  /** Returns the manifest of the module at this subpath (`""` is the program itself); undefined if it has none. */
  manifest(digest: string, subpath: string): unknown;
  /** Rejects with a LoadError if the evaluation of the module throws; the next call tries again. */
  load(digest: string): Promise<Loaded>;
  /** Rewrites a stack: replaces blob URLs by `bundle:<digest>`, and removes all frames but the author's. */
  nameFrames(stack: string): string;
  /** The same for a text that may contain stacks. A text without frames of the author is returned unchanged, at almost no cost. */
  nameFramesIn(text: string): string;
}

type Exports = Readonly<Record<string, unknown>>;

/** An evaluated module. Without this wrapper, a promise of the exports would call an export named `then`. */
interface Loaded {
  readonly exports: Exports;
}

/** The program cannot be loaded, or lacks the entry point. */
export class LoadError extends NativeError {
  override readonly name = "LoadError";
}

/** The gateway appends this to a bundle, with the manifests of its modules: JSON, by subpath. */
const MANIFESTS = "\n//# manifests=";

const BLOB = "blob:null/";
const PLACE = pattern(/blob:null\/[0-9a-f-]{36}(?=:\d+:\d+)/g);

/** A frame with the separator before it. Also matches stacks inside JSON, and in objects that the console formats. */
const FRAME = pattern(/(?:^|\n|\\n(?:["'`] \+\n *["'`])?)[ \t]*at [^\n\\]*?:\d+:\d+\)?/g);
const DENO_FRAME = pattern(/\((?:ext:|node:|data:)|at (?:async )?(?:ext:|node:|data:)/);

const { createObjectURL, revokeObjectURL } = URL;

export function createBundles(): Bundles {
  const codeByDigest = new NativeMap<string, string>();
  const manifests = new NativeMap<string, Readonly<Record<string, unknown>>>();
  const modules = new NativeMap<string, Promise<Loaded>>();
  const digestsByUrl = new NativeMap<string, string>();

  async function importBundle(digest: string): Promise<Loaded> {
    const code = mapGet(codeByDigest, digest);
    if (code === undefined) throw new LoadError(`The bundle ${digest} was not received`);
    const url = moduleUrl(code);
    mapSet(digestsByUrl, url, digest);
    // `import()` calls an export named `then` and awaits its callback, but not one of a nested namespace. The second module costs half a millisecond.
    const boxUrl = mayExportThen(code) ? moduleUrl(`export * as exports from "${url}";`) : undefined;
    try {
      const loaded: Loaded = boxUrl === undefined ? { exports: await own(import(url)) } : await own(import(boxUrl));
      mapDelete(codeByDigest, digest);
      return { exports: loaded.exports };
    } catch (cause) {
      mapDelete(modules, digest);
      throw new LoadError("The program failed while it was loaded", { cause });
    } finally {
      revokeObjectURL(url);
      if (boxUrl !== undefined) revokeObjectURL(boxUrl);
    }
  }

  function nameFrames(stack: string): string {
    const authors = FRAME.replace(stack, (frame) =>
      DENO_FRAME.test(frame) || indexOf(frame, import.meta.url) >= 0 ? "" : frame,
    );
    return PLACE.replace(authors, (url) => {
      const digest = mapGet(digestsByUrl, url);
      return digest === undefined ? url : `bundle:${digest}`;
    });
  }

  return {
    add(digest, code) {
      mapSet(codeByDigest, digest, code);
      mapSet(manifests, digest, manifestsOf(code));
    },
    manifest(digest, subpath) {
      const declared = mapGet(manifests, digest);
      return declared !== undefined && hasOwn(declared, subpath) ? declared[subpath] : undefined;
    },
    load(digest) {
      const loaded = mapGet(modules, digest) ?? own(importBundle(digest));
      mapSet(modules, digest, loaded);
      return loaded;
    },
    nameFrames,
    nameFramesIn: (text) => (indexOf(text, BLOB) >= 0 ? nameFrames(text) : text),
  };
}

function moduleUrl(code: string): string {
  return createObjectURL(new NativeBlob(sequenceOf([code]), { type: "text/javascript" }));
}

/** Searches the exports, with which a bundle ends. */
function mayExportThen(code: string): boolean {
  return indexOf(code, "then", lastIndexOf(code, "\nexport ")) >= 0;
}

function manifestsOf(code: string): Readonly<Record<string, unknown>> {
  const at = lastIndexOf(code, MANIFESTS);
  return at === -1 ? {} : parse(slice(code, at + MANIFESTS.length));
}
