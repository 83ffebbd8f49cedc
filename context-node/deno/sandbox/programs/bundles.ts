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

/** SentPrograms that this executor has loaded, or will. */
export interface Bundles {
  add(digest: string, code: string): void;
  /** What the module of this subpath declares that its jobs need (`""` is the program itself); undefined when it declares nothing. */
  manifest(digest: string, subpath: string): unknown;
  /** Rejects with a LoadError when the module throws while it is evaluated; the next call tries again. */
  load(digest: string): Promise<Loaded>;
  /** Rewrites a stack: `bundle:<digest>` in the place of our URLs, and no frames but the author's. */
  nameFrames(stack: string): string;
  /** The same for a text that may have stacks in it; one that has none of the author's frames stays as it is, and costs next to nothing. */
  nameFramesIn(text: string): string;
}

type Exports = Readonly<Record<string, unknown>>;

/** A module that is evaluated. A promise of the exports alone would call one that is named `then`. */
interface Loaded {
  readonly exports: Exports;
}

/** A program that cannot be loaded, or lacks the entry point. */
export class LoadError extends NativeError {
  override readonly name = "LoadError";
}

/** The gateway ends a bundle with this and what its modules declare: JSON, by subpath. */
const MANIFESTS = "\n//# manifests=";

const BLOB = "blob:null/";
const PLACE = pattern(/blob:null\/[0-9a-f-]{36}(?=:\d+:\d+)/g);

/** With what separates it from the frame before: also where the stack stands in JSON, or is written by the console as part of an object. */
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
    if (code === undefined) throw new LoadError(`The bundle ${digest} is not here`);
    const url = moduleUrl(code);
    mapSet(digestsByUrl, url, digest);
    // `import()` calls an export named `then` and waits for it to answer; a namespace inside another one is left alone. The second module costs half a millisecond.
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

/** A bundle ends with its exports. */
function mayExportThen(code: string): boolean {
  return indexOf(code, "then", lastIndexOf(code, "\nexport ")) >= 0;
}

function manifestsOf(code: string): Readonly<Record<string, unknown>> {
  const at = lastIndexOf(code, MANIFESTS);
  return at === -1 ? {} : parse(slice(code, at + MANIFESTS.length));
}
