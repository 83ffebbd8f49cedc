import { parse } from "./intrinsics.ts";

/** Programs that this executor has loaded, or will. */
export interface Bundles {
  add(digest: string, code: string): void;
  /** What the module of this subpath declares that its jobs need (`""` is the program itself); undefined when it declares nothing. */
  manifest(digest: string, subpath: string): unknown;
  /** The exports. Rejects with a LoadError when the module throws while it is evaluated; the next call tries again. */
  load(digest: string): Promise<Readonly<Record<string, unknown>>>;
  /** Rewrites a line of a stack: `bundle:<digest>` in place of our URLs; undefined for a line that is not the author's. */
  nameFrames(line: string): string | undefined;
}

/** A program that cannot be loaded, or lacks the entry point. */
export class LoadError extends Error {
  override readonly name = "LoadError";
}

/** The gateway ends a bundle with this and what its modules declare: JSON, by subpath. */
const MANIFESTS = "\n//# manifests=";

const OUR_FRAME = /\((?:ext:|node:|data:)|at (?:async )?(?:ext:|node:|data:)/;

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
    nameFrames(line) {
      if (OUR_FRAME.test(line) || line.includes(import.meta.url)) return undefined;
      return line.replace(/blob:null\/[0-9a-f-]{36}/g, (url) => {
        const digest = digestsByUrl.get(url);
        return digest === undefined ? url : `bundle:${digest}`;
      });
    },
  };
}

function manifestsOf(code: string): ReadonlyMap<string, unknown> {
  const at = code.lastIndexOf(MANIFESTS);
  return new Map(at === -1 ? [] : Object.entries(parse(code.slice(at + MANIFESTS.length))));
}
