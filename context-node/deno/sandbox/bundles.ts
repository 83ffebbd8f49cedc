import { parse } from "./intrinsics.ts";

/** Programs that this executor has loaded, or will. */
export interface Bundles {
  add(digest: string, code: string): void;
  /** What the module of this subpath declares that its jobs need (`""` is the program itself); undefined when it declares nothing. */
  manifest(digest: string, subpath: string): unknown;
  /** The exports. Rejects with a LoadError when the module throws while it is evaluated; the next call tries again. */
  load(digest: string): Promise<Readonly<Record<string, unknown>>>;
  /** Rewrites a stack: `bundle:<digest>` in the place of our URLs, and no frames but the author's. */
  nameFrames(stack: string): string;
  /** The same for a text that may have stacks in it; one that has none of the author's frames stays as it is, and costs next to nothing. */
  nameFramesIn(text: string): string;
}

/** A program that cannot be loaded, or lacks the entry point. */
export class LoadError extends Error {
  override readonly name = "LoadError";
}

/** The gateway ends a bundle with this and what its modules declare: JSON, by subpath. */
const MANIFESTS = "\n//# manifests=";

const BLOB = "blob:null/";
const PLACE = /blob:null\/[0-9a-f-]{36}(?=:\d+:\d+)/g;

/** With what separates it from the frame before: also where the stack stands in JSON, or is written by the console as part of an object. */
const FRAME = /(?:^|\n|\\n(?:["'`] \+\n *["'`])?)[ \t]*at [^\n\\]*?:\d+:\d+\)?/g;
const DENO_FRAME = /\((?:ext:|node:|data:)|at (?:async )?(?:ext:|node:|data:)/;

export function createBundles(): Bundles {
  const codeByDigest = new Map<string, string>();
  const manifests = new Map<string, ReadonlyMap<string, unknown>>();
  const modules = new Map<string, Promise<Readonly<Record<string, unknown>>>>();
  const digestsByUrl = new Map<string, string>();

  async function importBundle(digest: string): Promise<Readonly<Record<string, unknown>>> {
    const code = codeByDigest.get(digest);
    if (code === undefined) throw new LoadError(`The bundle ${digest} is not here`);
    const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    digestsByUrl.set(url, digest);
    try {
      const module = await import(url);
      codeByDigest.delete(digest);
      return module;
    } catch (cause) {
      modules.delete(digest);
      throw new LoadError("The program failed while it was loaded", { cause });
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  function nameFrames(stack: string): string {
    return stack
      .replace(FRAME, (frame) => (DENO_FRAME.test(frame) || frame.includes(import.meta.url) ? "" : frame))
      .replace(PLACE, (url) => {
        const digest = digestsByUrl.get(url);
        return digest === undefined ? url : `bundle:${digest}`;
      });
  }

  return {
    add(digest, code) {
      codeByDigest.set(digest, code);
      manifests.set(digest, manifestsOf(code));
    },
    manifest: (digest, subpath) => manifests.get(digest)?.get(subpath),
    load(digest) {
      const loaded = modules.get(digest) ?? importBundle(digest);
      modules.set(digest, loaded);
      return loaded;
    },
    nameFrames,
    nameFramesIn: (text) => (text.includes(BLOB) ? nameFrames(text) : text),
  };
}

function manifestsOf(code: string): ReadonlyMap<string, unknown> {
  const at = code.lastIndexOf(MANIFESTS);
  return new Map(at === -1 ? [] : Object.entries(parse(code.slice(at + MANIFESTS.length))));
}
